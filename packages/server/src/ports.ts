/**
 * What the server's logic asks of the platform. Cloudflare's D1 and R2 bindings fit these types as they are, and so do
 * `node:sqlite` and a map in a simulation: the logic cannot tell (DESIGN section 2).
 */

export type SqlValue = string | number | null;
export type SqlRow = Record<string, SqlValue>;

/** A prepared statement, as D1 has it. */
export type Statement = {
  bind(...values: SqlValue[]): Statement;
  all<Row = SqlRow>(): Promise<{ results: Row[] }>;
  first<Row = SqlRow>(): Promise<Row | null>;
  run(): Promise<unknown>;
};

/** One D1 database. A batch is one transaction: it happens as a whole or not at all. */
export type Database = {
  prepare(sql: string): Statement;
  batch<Row = SqlRow>(statements: Statement[]): Promise<{ results: Row[] }[]>;
};

/** `customMetadata` as it was put; none if nothing was said. */
export type StoredObject = { readonly size: number; readonly customMetadata?: Record<string, string> };
export type StoredBody = StoredObject & { arrayBuffer(): Promise<ArrayBuffer> };

/** Reading power over the bucket. */
export type BucketReader = {
  head(key: string): Promise<StoredObject | null>;
  get(key: string, options?: { range?: { offset: number; length: number } }): Promise<StoredBody | null>;
};

/** Writing power: objects are immutable, so there is no overwriting on purpose and no deletion. */
export type BucketWriter = BucketReader & {
  /** With `sha256` the bucket refuses other bytes and stores nothing. */
  put(
    key: string,
    body: ArrayBuffer | Uint8Array,
    options?: { sha256?: string; customMetadata?: Record<string, string> },
  ): Promise<unknown>;
};

export type ListedObject = StoredObject & { readonly key: string; readonly uploaded: Date };

/** The collector's power over the bucket, which nothing that a request reaches has. */
export type BucketCollector = BucketWriter & {
  /** At most 1,000 keys; those that are not there are no failure. */
  delete(keys: string[]): Promise<unknown>;
  /** In the order of the keys' bytes, at most 1,000 after `startAfter`. */
  list(options: {
    startAfter?: string;
    limit?: number;
  }): Promise<{ readonly objects: readonly ListedObject[]; readonly truncated: boolean }>;
};

export type Clock = { now(): number };
export type RandomBytes = (count: number) => Uint8Array;
/** SHA-256 of some bytes: 32 bytes. */
export type Sha256 = (bytes: Uint8Array) => Uint8Array;
/** What a zstd frame holds, at most so many bytes. Throws on more, and on what is no frame. */
export type Unzstd = (frame: Uint8Array, bytesMax: number) => Uint8Array;
/** The bytes as one zstd frame that states their number. The same for the same bytes and level, as long as the platform has one version of zstd. */
export type Compress = (bytes: Uint8Array, level: number) => Promise<Uint8Array>;
/** HMAC-SHA-256 (RFC 2104) of a text in UTF-8, under a key of the server: 32 bytes. */
export type Mac = (message: string) => Uint8Array;
/** The same under a key that is handed in, as UTF-8, and over bytes. */
export type KeyedMac = (key: string, message: Uint8Array) => Uint8Array;
/** Resolves after that many ms. */
export type Sleep = (ms: number) => Promise<void>;
