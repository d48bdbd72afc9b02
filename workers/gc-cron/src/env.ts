import type { TendCall, TendReport } from "@ashlar/server/collect/types";

/** What the collector calls of a user's Durable Object: its class lives in the API Worker, which nothing imports. */
type UserObject = Rpc.DurableObjectBranded & { tend(call: TendCall): Promise<TendReport> };

/** The bindings of wrangler.toml. */
export type Env = {
  readonly BLOCKS: R2Bucket;
  readonly DIRECTORY: D1Database;
  readonly META_0: D1Database;
  readonly META_1: D1Database;
  readonly META_2: D1Database;
  readonly META_3: D1Database;
  readonly INDEX_0: D1Database;
  readonly INDEX_1: D1Database;
  readonly USER_SYNC: DurableObjectNamespace<UserObject>;
};
