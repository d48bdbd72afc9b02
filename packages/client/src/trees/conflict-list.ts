import type { LocalDatabase } from "../database.ts";
import type { RelativePath } from "../ports.ts";
import { integer, text } from "./row.ts";

export type ConflictRow = { readonly path: RelativePath; readonly copy: RelativePath; readonly atMs: number };

/** Files of which both versions were kept, newest last. */
export class ConflictList {
  readonly #all;
  readonly #put;
  readonly #remove;

  constructor(database: LocalDatabase) {
    this.#all = database.prepare("SELECT * FROM conflicts ORDER BY at, copy");
    this.#put = database.prepare("INSERT OR REPLACE INTO conflicts VALUES (?, ?, ?)");
    this.#remove = database.prepare("DELETE FROM conflicts WHERE copy = ?");
  }

  all(): ConflictRow[] {
    return this.#all.all().map((row) => ({ copy: text(row, "copy"), path: text(row, "path"), atMs: integer(row, "at") }));
  }

  put(row: ConflictRow): void {
    this.#put.run(row.copy, row.path, row.atMs);
  }

  /** The copy is no longer on the disk: a person has dealt with it. */
  remove(copy: RelativePath): void {
    this.#remove.run(copy);
  }
}
