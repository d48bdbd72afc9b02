/**
 * The client's own database, behind the little that the trees need of it. `node:sqlite` offers it nearly as it is;
 * whoever opens it sets WAL and synchronous=FULL. It is a cache of observations: losing it loses no content (I5).
 */
export type SqlValue = string | number | null;
export type SqlRow = Readonly<Record<string, SqlValue>>;
export type SqlList = readonly SqlValue[];

/** Its methods throw {@link DatabaseFullError} and {@link DatabaseDamagedError}. */
export type LocalStatement = {
  run(...values: SqlValue[]): void;
  get(...values: SqlValue[]): SqlRow | undefined;
  all(...values: SqlValue[]): SqlRow[];
  /** The rows as lists of their columns: where there are many, this takes two thirds of the time. */
  lists(...values: SqlValue[]): SqlList[];
};

/**
 * `kept`, unless said otherwise: it is on the disk when the transaction returns. `found-again`: a power cut may take it back, and what
 * was written so after it, until the next that is kept; it costs no flush. A process that is killed loses neither.
 */
export type Durability = "kept" | "found-again";

export type LocalDatabase = {
  exec(sql: string): void;
  prepare(sql: string): LocalStatement;
  /** All of it or nothing. Within another transaction it is part of that one, which must not be less durable. */
  transaction<Result>(work: () => Result, durability?: Durability): Result;
  close(): void;
};

/** The disk that holds the database is full or fails: nothing of the transaction was written, and all before it still stands. */
export class DatabaseFullError extends Error {
  override readonly name = "DatabaseFullError";
}

/** What it holds cannot be what this client wrote. */
export class DatabaseDamagedError extends Error {
  override readonly name = "DatabaseDamagedError";
}
