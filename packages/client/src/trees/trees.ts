/** The three trees and what belongs to them, in one database: remote, local, synced; what differs is dirty (FIELD b1). */
import type { BlockHash, NodeId } from "@ashlar/shared/ids";
import { rootId } from "@ashlar/shared/ids";
import { pathDepthMax } from "@ashlar/shared/limits";
import type { Durability, LocalDatabase } from "../database.ts";
import type { BlockKnowledge, LocalPlace, RelativePath } from "../ports.ts";
import { ConflictList } from "./conflict-list.ts";
import { DirtySet } from "./dirty-set.ts";
import { Intents } from "./intents.ts";
import { LocalTree } from "./local-tree.ts";
import { Meta } from "./meta.ts";
import { type Fold, foldCase, foldExact } from "./node.ts";
import { prepareSchema } from "./schema.ts";
import { ServerBlocks } from "./server-blocks.ts";
import { SharedTree } from "./shared-tree.ts";
import { WaitingList } from "./waiting-list.ts";

/** Of each tree: more than a plan and what lies above its nodes. */
const cachedMax = 2048;

export class Trees {
  readonly remote: SharedTree;
  readonly local: LocalTree;
  readonly synced: SharedTree;
  readonly dirty: DirtySet;
  readonly meta: Meta;
  readonly intents: Intents;
  readonly waiting: WaitingList;
  readonly conflicts: ConflictList;
  readonly serverBlocks: ServerBlocks;
  readonly fold: Fold;
  readonly #database: LocalDatabase;

  /** `readOnly`: the database is another process's, and has the tables already. `now`: for what differs to say since when. */
  constructor(database: LocalDatabase, options: { caseSensitive: boolean; readOnly?: true; now?: () => number }) {
    if (options.readOnly !== true) prepareSchema(database);
    this.#database = database;
    this.fold = options.caseSensitive ? foldExact : foldCase;
    this.dirty = new DirtySet(database, options.now ?? (() => 0));
    const { fold } = this;
    const isOurs = options.readOnly !== true;
    const tree = { fold, mark: (id: NodeId) => this.dirty.mark(id), cachedMax: isOurs ? cachedMax : 0 };
    this.remote = new SharedTree(database, "remote", tree);
    this.synced = new SharedTree(database, "synced", tree);
    this.local = new LocalTree(database, tree);
    this.meta = new Meta(database);
    this.intents = new Intents(database);
    this.waiting = new WaitingList(database, isOurs);
    this.conflicts = new ConflictList(database);
    this.serverBlocks = new ServerBlocks(database);
  }

  transaction<Result>(work: () => Result, durability?: Durability): Result {
    try {
      return this.#database.transaction(work, durability);
    } catch (error) {
      // What was read meanwhile may have been written just before, and is taken back.
      this.forgetCached();
      throw error;
    }
  }

  /** After writes to the database that went past the trees. */
  forgetCached(): void {
    for (const cached of [this.remote, this.local, this.synced, this.waiting]) cached.forgetCached();
  }

  /** On this disk, as it spells the names; undefined when the node or a parent of it is not there. */
  localPath(id: NodeId): RelativePath | undefined {
    const names: string[] = [];
    let at = id;
    while (at !== rootId) {
      const node = this.local.get(at);
      if (node === undefined || names.length > pathDepthMax * 2) return undefined;
      names.push(node.spelling ?? node.name);
      at = node.parent;
    }
    return names.toReversed().join("/");
  }

  /** A path to show: on this disk, or else on the server. */
  shownPath(id: NodeId): RelativePath {
    return this.localPath(id) ?? this.#sharedPath(this.remote, id) ?? this.#sharedPath(this.synced, id) ?? id;
  }

  #sharedPath(tree: SharedTree, id: NodeId): RelativePath | undefined {
    const names: string[] = [];
    let at = id;
    while (at !== rootId) {
      const node = tree.get(at);
      if (node === undefined || names.length > pathDepthMax * 2) return undefined;
      names.push(node.name);
      at = node.parent;
    }
    return names.toReversed().join("/");
  }

  /** Nothing was ever seen on this disk, or agreed on. */
  get isBlank(): boolean {
    const row = this.#database.prepare("SELECT EXISTS (SELECT 1 FROM local) OR EXISTS (SELECT 1 FROM synced) AS known").get();
    return row?.["known"] === 0;
  }

  /** Files and links that are about to be deleted: on the server because they vanished here, and here because they vanished there. */
  countPendingDeletes(): { remote: number; local: number } {
    const count = (gone: string, present: string): number => {
      const row = this.#database
        .prepare(
          `SELECT count(*) AS count FROM dirty JOIN synced ON synced.id = dirty.id JOIN ${present} AS there ON there.id = dirty.id
           LEFT JOIN ${gone} AS gone ON gone.id = dirty.id WHERE gone.id IS NULL AND synced.kind != 'folder'`,
        )
        .get();
      return Number(row?.["count"] ?? 0);
    };
    return { remote: count("local", "remote"), local: count("remote", "local") };
  }

  /** Forgets what was agreed, of everything: from here on the trees are merged and nothing is deleted. */
  forgetAgreements(): void {
    this.transaction(() => {
      this.dirty.markSynced();
      this.#database.exec("DELETE FROM synced");
      this.forgetCached();
    });
  }

  blockKnowledge(): BlockKnowledge {
    return {
      serverHas: (hash) => this.serverBlocks.has(hash),
      rememberServerHas: (hashes) => this.transaction(() => hashes.forEach((hash) => this.serverBlocks.add(hash))),
      findLocal: (hash) => this.#findLocal(hash),
    };
  }

  #findLocal(hash: BlockHash): LocalPlace[] {
    return this.local.findBlock(hash).flatMap(({ node, offset }) => {
      const path = this.localPath(node);
      return path === undefined ? [] : [{ path, offset }];
    });
  }
}
