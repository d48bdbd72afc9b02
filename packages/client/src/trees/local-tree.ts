import type { NodeId } from "@ashlar/shared/ids";
import { decodeManifest } from "@ashlar/shared/manifest";
import type { LocalDatabase, SqlList } from "../database.ts";
import type { LocalNode, LocalView } from "../scan/types.ts";
import type { Fold, TreeOptions } from "./node.ts";
import { NodeCache } from "./node-cache.ts";
import { asKind, integer, integerOf, nodeId, textOf } from "./row.ts";

const childrenPage = 256;
const placesMax = 4;

/** The tree as last seen on this disk, and where its blocks stand. Every write marks the node dirty. */
export class LocalTree {
  readonly #fold: Fold;
  readonly #mark: (id: NodeId) => void;
  readonly #statements;
  readonly #cache: NodeCache<LocalNode>;

  constructor(database: LocalDatabase, { fold, mark, cachedMax }: TreeOptions) {
    this.#fold = fold;
    this.#mark = mark;
    this.#statements = {
      get: database.prepare("SELECT * FROM local WHERE id = ?"),
      named: database.prepare("SELECT * FROM local WHERE parent = ? AND fold = ?"),
      children: database.prepare(`SELECT * FROM local WHERE parent = ? AND (fold, id) > (?, ?) ORDER BY fold, id LIMIT ${childrenPage}`),
      folders: database.prepare("SELECT * FROM local WHERE parent = ? AND kind = 'folder' ORDER BY id"),
      some: database.prepare("SELECT * FROM local WHERE parent = ? ORDER BY fold, id LIMIT ?"),
      inode: database.prepare("SELECT * FROM local WHERE inode = ? LIMIT 1"),
      put: database.prepare("INSERT OR REPLACE INTO local VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
      remove: database.prepare("DELETE FROM local WHERE id = ?"),
      rekey: database.prepare("UPDATE local SET id = ? WHERE id = ?"),
      rekeyChildren: database.prepare("UPDATE local SET parent = ? WHERE parent = ?"),
      placesMoved: database.prepare("UPDATE OR REPLACE places SET node = ? WHERE node = ?"),
      placesGone: database.prepare("DELETE FROM places WHERE node = ?"),
      placed: database.prepare("INSERT OR IGNORE INTO places VALUES (?, ?, ?)"),
      findPlaces: database.prepare(`SELECT node, offset FROM places WHERE hash = ? LIMIT ${placesMax}`),
    };
    this.#cache = new NodeCache((id) => this.#statements.get.lists(id).map(read)[0], cachedMax);
  }

  get(id: NodeId): LocalNode | undefined {
    return this.#cache.get(id);
  }

  /** What was read so far may not be so any more: writes were taken back, or made past this tree. */
  forgetCached(): void {
    this.#cache.forgetAll();
  }

  named(parent: NodeId, name: string): LocalNode[] {
    return this.#statements.named.lists(parent, this.#fold(name)).map(read);
  }

  *children(parent: NodeId): Generator<LocalNode> {
    let fold = "";
    let id = "";
    for (;;) {
      const rows = this.#statements.children.lists(parent, fold, id);
      for (const row of rows) yield read(row);
      const last = rows.at(-1);
      if (last === undefined || rows.length < childrenPage) return;
      id = textOf(last[0], "id");
      fold = textOf(last[3], "fold");
    }
  }

  /** Those of the children that are folders. */
  folders(parent: NodeId): LocalNode[] {
    return this.#statements.folders.lists(parent).map(read);
  }

  put(node: LocalNode): void {
    const before = this.get(node.id);
    if (node.manifest !== null && before?.manifest !== node.manifest) this.#writePlaces(node.id, node.manifest);
    const { stat } = node;
    this.#statements.put.run(
      node.id,
      node.parent,
      node.name,
      this.#fold(node.name),
      node.spelling ?? null,
      node.kind,
      stat.mode,
      stat.size,
      stat.mtimeNs,
      stat.ctimeNs,
      stat.inode,
      node.seenAtMs,
      node.manifest,
    );
    this.#cache.written(node.id, nodeAlone(node));
    this.#mark(node.id);
  }

  /** With everything below it. */
  remove(id: NodeId): void {
    const children = [...this.children(id)];
    for (const child of children) this.remove(child.id);
    this.#statements.remove.run(id);
    this.#cache.written(id, undefined);
    this.#statements.placesGone.run(id);
    this.#mark(id);
  }

  /** The same thing on the disk under another id; its children stay its children. */
  rekey(from: NodeId, to: NodeId): void {
    for (const child of this.children(from)) this.#mark(child.id);
    this.#statements.rekey.run(to, from);
    this.#statements.rekeyChildren.run(to, from);
    this.#statements.placesMoved.run(to, from);
    this.#cache.forgetAll();
    this.#mark(from);
    this.#mark(to);
  }

  /** Where a block stood at the last look: a few places, since some of them may hold others by now. */
  findBlock(hash: string): { node: NodeId; offset: number }[] {
    return this.#statements.findPlaces.all(hash).map((row) => ({ node: nodeId(row, "node"), offset: integer(row, "offset") }));
  }

  /** As the scan reads it. */
  view(): LocalView {
    return {
      get: (id) => this.get(id),
      children: (parent) => [...this.children(parent)],
      folders: (parent) => this.folders(parent),
      some: (parent, count) => this.#statements.some.lists(parent, count).map(read),
      byInode: (inode) => this.#statements.inode.lists(inode).map(read)[0],
    };
  }

  #writePlaces(id: NodeId, manifest: string): void {
    this.#statements.placesGone.run(id);
    let offset = 0;
    for (const { hash, size } of decodeManifest(manifest)) {
      this.#statements.placed.run(hash, id, offset);
      offset += size;
    }
  }
}

/** Nothing else that the object has: it is kept as the database will tell it. */
function nodeAlone({ id, parent, name, spelling, kind, stat, seenAtMs, manifest }: LocalNode): LocalNode {
  const { size, mtimeNs, ctimeNs, inode, mode } = stat;
  return { id, parent, name, spelling, kind, stat: { kind, size, mtimeNs, ctimeNs, inode, mode }, seenAtMs, manifest };
}

/** In the order of the table's columns. */
function read(row: SqlList): LocalNode {
  const [id, parent, name, , spelling, kind, mode, size, mtimeNs, ctimeNs, inode, seenAtMs, manifest] = row;
  const isKind = asKind(kind);
  return {
    id: textOf(id, "id") as NodeId,
    parent: textOf(parent, "parent") as NodeId,
    name: textOf(name, "name"),
    spelling: spelling === null ? undefined : textOf(spelling, "spelling"),
    kind: isKind,
    stat: {
      kind: isKind,
      size: integerOf(size, "size"),
      mtimeNs: textOf(mtimeNs, "mtime_ns"),
      ctimeNs: textOf(ctimeNs, "ctime_ns"),
      inode: textOf(inode, "inode"),
      mode: integerOf(mode, "mode"),
    },
    seenAtMs: integerOf(seenAtMs, "seen_at"),
    manifest: manifest === null ? null : textOf(manifest, "manifest"),
  };
}
