import type { NodeId } from "@ashlar/shared/ids";
import type { LocalDatabase } from "../database.ts";
import { integer, nodeId } from "./row.ts";

const pageRows = 512;

/** Nodes that a tree has changed of since they were last found in agreement: planning looks at these only. */
export class DirtySet {
  readonly #statements;
  readonly #now: () => number;

  /** `now`: for what is marked to say since when. */
  constructor(database: LocalDatabase, now: () => number) {
    this.#now = now;
    this.#statements = {
      mark: database.prepare("INSERT OR IGNORE INTO dirty(id, since) VALUES (?, ?)"),
      markSynced: database.prepare("INSERT OR IGNORE INTO dirty(id, since) SELECT id, ? FROM synced"),
      clear: database.prepare("DELETE FROM dirty WHERE id = ?"),
      has: database.prepare("SELECT 1 FROM dirty WHERE id = ?"),
      // A node that waits for a time is passed over until then.
      page: database.prepare(
        `SELECT dirty.seq AS seq, dirty.id AS id FROM dirty LEFT JOIN waiting ON waiting.key = 'node:' || dirty.id
         WHERE dirty.seq > ? AND (waiting.next_try IS NULL OR waiting.next_try <= ?) ORDER BY dirty.seq LIMIT ${pageRows}`,
      ),
      // Those that wait tell more of themselves than that.
      silent: database.prepare(
        "SELECT id, since FROM dirty WHERE NOT EXISTS (SELECT 1 FROM waiting WHERE waiting.key = 'node:' || dirty.id) ORDER BY seq LIMIT ?",
      ),
      count: database.prepare("SELECT count(*) AS count FROM dirty"),
    };
  }

  mark(id: NodeId): void {
    this.#statements.mark.run(id, this.#now());
  }

  /** All that was ever agreed on. */
  markSynced(): void {
    this.#statements.markSynced.run(this.#now());
  }

  clear(id: NodeId): void {
    this.#statements.clear.run(id);
  }

  has(id: NodeId): boolean {
    return this.#statements.has.get(id) !== undefined;
  }

  count(): number {
    const row = this.#statements.count.get();
    return row === undefined ? 0 : integer(row, "count");
  }

  /** Those that no reason is noted for, the oldest first. */
  silent(limit: number): { readonly id: NodeId; readonly sinceMs: number }[] {
    return this.#statements.silent.all(limit).map((row) => ({ id: nodeId(row, "id"), sinceMs: integer(row, "since") }));
  }

  /** The oldest first, read page by page: stop when there is enough to do. */
  *ids(nowMs: number): Generator<NodeId> {
    let seq = 0;
    for (;;) {
      const rows = this.#statements.page.all(seq, nowMs);
      for (const row of rows) yield nodeId(row, "id");
      const last = rows.at(-1);
      if (last === undefined || rows.length < pageRows) return;
      seq = integer(last, "seq");
    }
  }
}
