import type { NodeId } from "@ashlar/shared/ids";
import type { LocalDatabase, SqlRow } from "../database.ts";
import type { RelativePath } from "../ports.ts";
import { integer, integerOrNull, nodeId, text } from "./row.ts";

export type WaitingRow = {
  readonly path: RelativePath;
  readonly reason: string;
  readonly detail: string;
  readonly sinceMs: number;
  readonly nextTryMs: number | null;
  readonly attempts: number;
};

/** What cannot be synced now and why: nodes by their id, and hindrances of the scan by their path. */
export class WaitingList {
  readonly #statements;
  readonly #isOurs: boolean;
  /** Those that have a row: most have none, and each is asked about at every step. Undefined until the database has told. */
  #nodes: Set<NodeId> | undefined;

  /** `isOurs`: nobody else writes to the database. */
  constructor(database: LocalDatabase, isOurs: boolean) {
    this.#isOurs = isOurs;
    this.#statements = {
      all: database.prepare("SELECT * FROM waiting ORDER BY path, key"),
      get: database.prepare("SELECT * FROM waiting WHERE key = ?"),
      put: database.prepare("INSERT OR REPLACE INTO waiting VALUES (?, ?, ?, ?, ?, ?, ?, ?)"),
      remove: database.prepare("DELETE FROM waiting WHERE key = ?"),
      hindrances: database.prepare("SELECT * FROM waiting WHERE node IS NULL"),
      nodes: database.prepare("SELECT node FROM waiting WHERE node IS NOT NULL"),
      retry: database.prepare("UPDATE waiting SET next_try = 0 WHERE node IS NOT NULL"),
      next: database.prepare("SELECT min(next_try) AS next FROM waiting WHERE next_try > ?"),
    };
  }

  all(): WaitingRow[] {
    return this.#statements.all.all().map(read);
  }

  ofNode(id: NodeId): WaitingRow | undefined {
    if (this.#isOurs && !this.#known().has(id)) return undefined;
    const row = this.#statements.get.get(`node:${id}`);
    return row === undefined ? undefined : read(row);
  }

  /** Whether it is put off to a later time. */
  isPutOff(id: NodeId, nowMs: number): boolean {
    return (this.ofNode(id)?.nextTryMs ?? 0) > nowMs;
  }

  putNode(id: NodeId, row: WaitingRow): void {
    this.#known().add(id);
    this.#statements.put.run(`node:${id}`, id, row.path, row.reason, row.detail, row.sinceMs, row.nextTryMs, row.attempts);
  }

  removeNode(id: NodeId): void {
    if (this.#isOurs && !this.#known().has(id)) return;
    this.#statements.remove.run(`node:${id}`);
    this.#known().delete(id);
  }

  /** What was written may have been taken back. */
  forgetCached(): void {
    this.#nodes = undefined;
  }

  #known(): Set<NodeId> {
    this.#nodes ??= new Set(this.#statements.nodes.all().map((row) => nodeId(row, "node")));
    return this.#nodes;
  }

  /** The hindrances that the last scans found, by path. */
  hindrances(): WaitingRow[] {
    return this.#statements.hindrances.all().map(read);
  }

  putHindrance(row: WaitingRow): void {
    this.#statements.put.run(`path:${row.path}`, null, row.path, row.reason, row.detail, row.sinceMs, row.nextTryMs, row.attempts);
  }

  removeHindrance(path: RelativePath): void {
    this.#statements.remove.run(`path:${path}`);
  }

  /** A folder stands elsewhere, and so does what waits in it. */
  hindrancesMoved(from: RelativePath, to: RelativePath): void {
    for (const row of this.hindrances()) {
      if (!row.path.startsWith(`${from}/`)) continue;
      this.removeHindrance(row.path);
      this.putHindrance({ ...row, path: to + row.path.slice(from.length) });
    }
  }

  /** Every node may be tried again at once. */
  retryAll(): void {
    this.#statements.retry.run();
  }

  /** When the next node wants to be tried again after that time, ms; undefined: none does by itself. */
  nextTryMs(afterMs: number): number | undefined {
    const row = this.#statements.next.get(afterMs);
    return row === undefined ? undefined : (integerOrNull(row, "next") ?? undefined);
  }
}

function read(row: SqlRow): WaitingRow {
  return {
    path: text(row, "path"),
    reason: text(row, "reason"),
    detail: text(row, "detail"),
    sinceMs: integer(row, "since"),
    nextTryMs: integerOrNull(row, "next_try"),
    attempts: integer(row, "attempts"),
  };
}
