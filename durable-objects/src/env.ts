/** The bindings that the object uses, of those the root wrangler.toml declares. */
export type UserSyncEnv = {
  readonly BLOCKS: R2Bucket;
  readonly META_0: D1Database;
  readonly META_1: D1Database;
  readonly META_2: D1Database;
  readonly META_3: D1Database;
  readonly INDEX_0: D1Database;
  readonly INDEX_1: D1Database;
  /** Signs the addresses of blocks and packs. */
  readonly URL_KEY: string;
};

/** The meta database of that number; a RangeError if there is none. */
export function metaShardOf(env: UserSyncEnv, shard: number): D1Database {
  const database = [env.META_0, env.META_1, env.META_2, env.META_3][shard];
  if (database === undefined) throw new RangeError(`there is no meta shard ${shard}`);
  return database;
}

export function indexShardsOf(env: UserSyncEnv): readonly D1Database[] {
  return [env.INDEX_0, env.INDEX_1];
}
