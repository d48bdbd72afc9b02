/**
 * The remote tree anew from the server's folders, for a device without a usable cursor. Within an epoch, folders whose digest is
 * known here are not listed, and what is no longer listed was deleted; under another epoch nothing agreed counts any more, so
 * that the trees merge and nothing is deleted.
 */
import type { Sha256 } from "@ashlar/shared/digest";
import { type Epoch, type NodeId, type Seq, rootId } from "@ashlar/shared/ids";
import { treeFoldersMax } from "@ashlar/shared/limits";
import type { Change } from "@ashlar/shared/protocol/change";
import type { TreePage } from "@ashlar/shared/protocol/tree";
import type { Edge } from "../ports.ts";
import { type FolderDigests, folderDigests } from "../trees/digests.ts";
import type { SharedNode } from "../trees/node.ts";
import type { Trees } from "../trees/trees.ts";
import { problemCode } from "../edge/refusals.ts";

const generationKey = "generation";
const epochKey = "agreed-epoch";

type Listing = { epoch: Epoch; head: Seq };

/** The server was set back, by whatever name its epoch goes: the next listing is merged, and nothing is deleted (FIELD c2). */
export function distrustAgreements(trees: Trees): void {
  trees.meta.write(epochKey, undefined);
  trees.meta.setCursor(trees.meta.epoch, trees.meta.cursor);
}

export type RefetchPorts = { readonly trees: Trees; readonly edge: Edge; readonly sha256: Sha256 };

export async function refetchTree({ trees, edge, sha256 }: RefetchPorts, signal: AbortSignal): Promise<void> {
  // A listing that was cut short may have left nodes that hang on nothing: those the digests do not see.
  const wasWhole = trees.meta.epoch !== null;
  const before = { cursor: trees.meta.cursor, op: trees.meta.cursorOp };
  const generation = Number(trees.meta.read(generationKey) ?? 0) + 1;
  trees.transaction(() => {
    trees.meta.write(generationKey, String(generation));
    // Until it is whole, the remote tree says nothing.
    trees.meta.setCursor(null, 0);
  });
  // Of another life of the namespace even equal digests would say nothing about ids and revisions.
  const isSameLife = trees.meta.read(epochKey) !== undefined;
  const known: FolderDigests = isSameLife ? folderDigests(trees.remote, sha256) : new Map();
  const walk = new Walk({ trees, edge, generation, known, wasWhole }, signal);
  const first = await walk.folders([rootId]);
  const cursor = await walk.replay(first);
  trees.transaction(() => {
    trees.meta.setCursor(first.epoch, cursor, cursor === before.cursor ? before.op : undefined);
    if (walk.isAllKnown) return;
    for (const id of trees.remote.idsBefore(generation)) trees.remote.remove(id);
    if (trees.meta.read(epochKey) !== first.epoch) trees.forgetAgreements();
    trees.meta.write(epochKey, first.epoch);
  });
}

type WalkOptions = {
  readonly trees: Trees;
  readonly edge: Edge;
  readonly generation: number;
  readonly known: FolderDigests;
  readonly wasWhole: boolean;
};

class Walk {
  readonly #trees: Trees;
  readonly #edge: Edge;
  readonly #generation: number;
  readonly #known: FolderDigests;
  readonly #wasWhole: boolean;
  readonly #agreedEpoch: string | undefined;
  readonly #signal: AbortSignal;
  readonly #walked = new Set<NodeId>();
  /** The root's digest is right: nothing was listed, and nothing is to be removed. */
  isAllKnown = false;
  #first: Listing | undefined;
  #pages = 0;

  constructor({ trees, edge, generation, known, wasWhole }: WalkOptions, signal: AbortSignal) {
    this.#trees = trees;
    this.#edge = edge;
    this.#generation = generation;
    this.#known = known;
    this.#wasWhole = wasWhole;
    this.#agreedEpoch = trees.meta.read(epochKey);
    this.#signal = signal;
  }

  /** With everything below them. The answer is the first page's head: changes above it may be missing. */
  async folders(start: readonly NodeId[]): Promise<Listing> {
    const open = [...start];
    while (open.length > 0) {
      const some = open.splice(0, treeFoldersMax);
      const found = await Promise.all(some.map((id) => this.#folder(id)));
      open.push(...found.flat());
    }
    if (this.#first === undefined) throw new Error("the server listed no root");
    return this.#first;
  }

  async #folder(id: NodeId): Promise<NodeId[]> {
    if (this.#walked.has(id)) return [];
    this.#walked.add(id);
    const below: NodeId[] = [];
    for (let after: string | null = null; ;) {
      const page: TreePage | undefined = await this.#page(id, after);
      if (page === undefined) return below;
      this.#pages++;
      this.#first ??= { epoch: page.epoch, head: page.head };
      if (after === null && this.#isKnown(page.folder, page.epoch)) {
        // The most frequent answer: a million rows are not written for it.
        if (id === rootId && this.#wasWhole) this.isAllKnown = true;
        else this.#trees.remote.keepBelow(id, this.#generation);
        return below;
      }
      this.#trees.transaction(() => page.children.forEach((child) => this.#trees.remote.put(nodeOf(child), this.#generation)));
      for (const child of page.children) {
        if (child.kind !== "folder") continue;
        if (this.#isKnown(child, page.epoch)) this.#trees.remote.keepBelow(child.node, this.#generation);
        else below.push(child.node);
      }
      if (page.next === null) return below;
      after = page.next;
    }
  }

  #isKnown({ node, digest }: { node: NodeId; digest: string }, epoch: Epoch): boolean {
    return epoch === this.#agreedEpoch && this.#known.get(node) === digest;
  }

  /** Undefined: deleted since its parent was listed, as the journal will tell. */
  async #page(id: NodeId, after: string | null): Promise<TreePage | undefined> {
    const known = after === null ? this.#known.get(id) : undefined;
    try {
      const page = await this.#edge.tree(id, after, this.#signal, known);
      // In another life of the namespace it is no answer that nothing differs.
      return page.folder.digest === known && page.epoch !== this.#agreedEpoch ? await this.#edge.tree(id, after, this.#signal) : page;
    } catch (error) {
      if (id !== rootId && problemCode(error) === "not-found") return undefined;
      throw error;
    }
  }

  /** The changes made while the folders were listed; a folder that was moved past the walk is walked now. Returns the cursor. */
  async replay({ epoch, head }: Listing): Promise<Seq> {
    // One page is of one moment: there is no change between that it could lack.
    if (this.#pages === 1) return head;
    for (let cursor = head; ;) {
      const page = await this.#edge.changes(cursor, epoch, this.#signal);
      const unseen: NodeId[] = [];
      for (const change of page.changes) {
        this.#apply(change);
        cursor = change.seq;
        if (change.kind === "folder" && change.type !== "delete" && !this.#walked.has(change.node)) unseen.push(change.node);
      }
      await this.folders(unseen);
      if (cursor >= page.head || page.changes.length === 0) return cursor;
    }
  }

  #apply(change: Change): void {
    const { remote } = this.#trees;
    if (change.type === "delete") {
      remote.remove(change.node);
      return;
    }
    const known = remote.get(change.node);
    // What is known of earlier versions may be of another epoch: no patch is applied to it.
    const manifest = change.manifest ?? (known?.version === change.version ? known.manifest : null);
    remote.put({ ...nodeOf(change), manifest }, this.#generation);
  }
}

function nodeOf(node: Omit<SharedNode, "id" | "spelling"> & { node: NodeId; spelling?: string | undefined }): SharedNode {
  const { node: id, parent, name, spelling, kind, mode, rev, version, size, mtimeMs, manifest } = node;
  return { id, parent, name, spelling, kind, mode, rev, version, size, mtimeMs, manifest };
}
