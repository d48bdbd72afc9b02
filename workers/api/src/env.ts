import type { UserSync } from "@ashlar/durable-objects/user-sync";

/** The bindings of the root wrangler.toml. */
export type Env = {
  readonly BLOCKS: R2Bucket;
  readonly DIRECTORY: D1Database;
  readonly META_0: D1Database;
  readonly META_1: D1Database;
  readonly META_2: D1Database;
  readonly META_3: D1Database;
  readonly INDEX_0: D1Database;
  readonly INDEX_1: D1Database;
  readonly USER_SYNC: DurableObjectNamespace<UserSync>;
  readonly SIGN_IN_LIMIT: RateLimit;
  readonly ADDRESS_LIMIT: RateLimit;
  readonly SESSION_LIMIT: RateLimit;
  readonly DOWNLOAD_LIMIT: RateLimit;
  readonly WALK_LIMIT: RateLimit;
  /** The files of the web app. */
  readonly ASSETS: Fetcher;
  /** `on` or `off`: whether blocks are kept in the edge cache. */
  readonly EDGE_CACHE: string;
  /** `on` or `storage`: whether blocks that enough others hold are proven instead of sent. */
  readonly DEDUP: string;
  /** What a new account's files may come to, in bytes. */
  readonly QUOTA_BYTES: string;
  /** Signs access tokens and derives refresh tokens. */
  readonly TOKEN_KEY: string;
  /** Signs the addresses of blocks and packs, and the nonces of proofs; draws how many holders a proof needs. */
  readonly URL_KEY: string;
};

/** The meta databases by shard number, as the `grp` claim of an access token counts them. */
export function metaShards(env: Env): readonly D1Database[] {
  return [env.META_0, env.META_1, env.META_2, env.META_3];
}

/** The block index databases by shard number. */
export function indexShards(env: Env): readonly D1Database[] {
  return [env.INDEX_0, env.INDEX_1];
}

/** The database with all of a user's metadata. */
export function metaShard(env: Env, shard: number): D1Database {
  const database = metaShards(env)[shard];
  if (database === undefined) throw new RangeError(`there is no meta shard ${shard}`);
  return database;
}
