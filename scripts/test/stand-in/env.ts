import type { D1Database, DurableObjectNamespace, R2Bucket, RateLimit } from "@cloudflare/workers-types";
import type { Counter } from "./api.ts";

export type Env = {
  readonly BLOCKS: R2Bucket;
  readonly DIRECTORY: D1Database;
  readonly META_0: D1Database;
  readonly COUNTER: DurableObjectNamespace<Counter>;
  readonly LIMIT: RateLimit;
  readonly TOKEN_KEY: string;
};
