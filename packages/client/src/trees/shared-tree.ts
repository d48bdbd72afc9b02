import type { NodeId } from "@ashlar/shared/ids";
import type { LocalDatabase, SqlRow } from "../database.ts";
import type { Fold, SharedNode, TreeOptions } from "./node.ts";
import { NodeCache } from "./node-cache.ts";
import { integer, kindOf, nodeId, text, textOrNull } from "./row.ts";

const childrenPage = 256;

/** The remote or the synced tree. Every write marks the node dirty, in the caller's transaction. */
export class SharedTree {
  readonly #fold: Fold;
  readonly #mark: (id: NodeId) => void;
  readonly #statements;
  readonly #cache: NodeCache<SharedNode>;

  constructor(database: LocalDatabase, table: "remote" | "synced", { fold, mark, cachedMax }: TreeOptions) {
    this.#fold = fold;
    this.#mark = mark;
    this.#statements = {
      get: database.prepare(`SELECT * FROM ${table} WHERE id = ?`),
      named: database.prepare(`SELECT * FROM ${table} WHERE parent = ? AND fold = ?`),
      children: database.prepare(`SELECT * FROM ${table} WHERE parent = ? AND (fold, id) > (?, ?) ORDER BY fold, id LIMIT ${childrenPage}`),
      put: database.prepare(`INSERT OR REPLACE INTO ${table} VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`),
      remove: database.prepare(`DELETE FROM ${table} WHERE id = ?`),
      count: database.prepare(`SELECT count(*) AS count FROM ${table} WHERE kind != 'folder'`),
      older: database.prepare(`SELECT id FROM ${table} WHERE generation < ?`),
      stamp: database.prepare(`UPDATE ${table} SET generation = ? WHERE id = ?`),
      // UNION, since a half-fetched tree may have a cycle. In the order of the rows: in that of the ids, a million of them would be
      // written in as many places, and from the cache to the disk again and again.
      stampBelow: database.prepare(
        `UPDATE ${table} SET generation = ? WHERE rowid IN (WITH RECURSIVE below(at, id) AS (
           SELECT rowid, id FROM ${table} WHERE parent = ?
           UNION SELECT child.rowid, child.id FROM below CROSS JOIN ${table} child ON child.parent = below.id
         ) SELECT at FROM below)`,
      ),
    };
    this.#cache = new NodeCache((id) => {
      const row = this.#statements.get.get(id);
      return row === undefined ? undefined : read(row);
    }, cachedMax);
  }

  get(id: NodeId): SharedNode | undefined {
    return this.#cache.get(id);
  }

  /** What was read so far may not be so any more: writes were taken back, or made past this tree. */
  forgetCached(): void {
    this.#cache.forgetAll();
  }

  /** Children of that name as this disk compares names: more than one if the disk cannot tell them apart. */
  named(parent: NodeId, name: string): SharedNode[] {
    return this.#statements.named.all(parent, this.#fold(name)).map(read);
  }

  *children(parent: NodeId): Generator<SharedNode> {
    let fold = "";
    let id = "";
    for (;;) {
      const rows = this.#statements.children.all(parent, fold, id);
      for (const row of rows) yield read(row);
      const last = rows.at(-1);
      if (last === undefined || rows.length < childrenPage) return;
      fold = text(last, "fold");
      id = text(last, "id");
    }
  }

  /** Files and links, without folders. */
  countFiles(): number {
    const row = this.#statements.count.get();
    return row === undefined ? 0 : integer(row, "count");
  }

  /** `generation` tells the listing that saw the node last; see {@link idsBefore}. */
  put(node: SharedNode, generation = 0): void {
    const before = this.get(node.id);
    if (before !== undefined && sameNode(before, node)) {
      this.#statements.stamp.run(generation, node.id);
      return;
    }
    this.#statements.put.run(
      node.id,
      node.parent,
      node.name,
      this.#fold(node.name),
      node.spelling ?? null,
      node.kind,
      node.mode,
      node.rev,
      node.version,
      node.size,
      node.mtimeMs,
      node.manifest,
      generation,
    );
    this.#cache.written(node.id, nodeAlone(node));
    this.#mark(node.id);
  }

  remove(id: NodeId): void {
    this.#statements.remove.run(id);
    this.#cache.written(id, undefined);
    this.#mark(id);
  }

  /** Everything below the folder is as the server has it, though no listing showed it. */
  keepBelow(id: NodeId, generation: number): void {
    this.#statements.stampBelow.run(generation, id);
  }

  /** Nodes that no listing since that generation has seen. */
  idsBefore(generation: number): NodeId[] {
    return this.#statements.older.all(generation).map((row) => nodeId(row, "id"));
  }
}

function sameNode(one: SharedNode, other: SharedNode): boolean {
  return (
    one.parent === other.parent &&
    one.name === other.name &&
    one.spelling === other.spelling &&
    one.kind === other.kind &&
    one.mode === other.mode &&
    one.rev === other.rev &&
    one.version === other.version &&
    one.size === other.size &&
    one.mtimeMs === other.mtimeMs &&
    one.manifest === other.manifest
  );
}

/** Nothing else that the object has: it is kept as the database will tell it. */
function nodeAlone({ id, parent, name, spelling, kind, mode, rev, version, size, mtimeMs, manifest }: SharedNode): SharedNode {
  return { id, parent, name, spelling, kind, mode, rev, version, size, mtimeMs, manifest };
}

function read(row: SqlRow): SharedNode {
  return {
    id: nodeId(row, "id"),
    parent: nodeId(row, "parent"),
    name: text(row, "name"),
    spelling: textOrNull(row, "spelling") ?? undefined,
    kind: kindOf(row),
    mode: integer(row, "mode"),
    rev: integer(row, "rev"),
    version: integer(row, "version"),
    size: integer(row, "size"),
    mtimeMs: integer(row, "mtime_ms"),
    manifest: textOrNull(row, "manifest"),
  };
}
