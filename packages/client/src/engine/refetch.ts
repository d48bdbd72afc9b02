/**
 * The remote tree anew from the server's folders, for a device without a usable cursor. Within an epoch, what is no longer
 * listed was deleted; under another epoch nothing agreed counts any more, so that the trees merge and nothing is deleted.
 */
import { type Epoch, type NodeId, type Seq, rootId } from "@ashlar/shared/ids";
import type { Change } from "@ashlar/shared/protocol/change";
import type { TreePage } from "@ashlar/shared/protocol/tree";
import type { Edge } from "../ports.ts";
import type { SharedNode } from "../trees/node.ts";
import type { Trees } from "../trees/trees.ts";
import { problemCode } from "../edge/refusals.ts";

const foldersAtOnce = 8;
const generationKey = "generation";
const epochKey = "agreed-epoch";

type Listing = { epoch: Epoch; head: Seq };

/** The server was set back, by whatever name its epoch goes: the next listing is merged, and nothing is deleted (FIELD c2). */
export function distrustAgreements(trees: Trees): void {
  trees.meta.write(epochKey, undefined);
}

export async function refetchTree(trees: Trees, edge: Edge, signal: AbortSignal): Promise<void> {
  const generation = Number(trees.meta.read(generationKey) ?? 0) + 1;
  trees.transaction(() => {
    trees.meta.write(generationKey, String(generation));
    // Until it is whole, the remote tree says nothing.
    trees.meta.setCursor(null, 0);
  });
  const walk = new Walk(trees, edge, generation, signal);
  const first = await walk.folders([rootId]);
  const cursor = await walk.replay(first);
  trees.transaction(() => {
    for (const id of trees.remote.idsBefore(generation)) trees.remote.remove(id);
    if (trees.meta.read(epochKey) !== first.epoch) trees.forgetAgreements();
    trees.meta.write(epochKey, first.epoch);
    trees.meta.setCursor(first.epoch, cursor);
  });
}

class Walk {
  readonly #trees: Trees;
  readonly #edge: Edge;
  readonly #generation: number;
  readonly #signal: AbortSignal;
  readonly #walked = new Set<NodeId>();
  #first: Listing | undefined;

  constructor(trees: Trees, edge: Edge, generation: number, signal: AbortSignal) {
    this.#trees = trees;
    this.#edge = edge;
    this.#generation = generation;
    this.#signal = signal;
  }

  /** With everything below them. The answer is the first page's head: changes above it may be missing. */
  async folders(start: readonly NodeId[]): Promise<Listing> {
    const open = [...start];
    while (open.length > 0) {
      const some = open.splice(0, foldersAtOnce);
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
      this.#first ??= { epoch: page.epoch, head: page.head };
      this.#trees.transaction(() => page.children.forEach((child) => this.#trees.remote.put(nodeOf(child), this.#generation)));
      for (const child of page.children) if (child.kind === "folder") below.push(child.node);
      if (page.next === null) return below;
      after = page.next;
    }
  }

  /** Undefined: deleted since its parent was listed, as the journal will tell. */
  async #page(id: NodeId, after: string | null): Promise<TreePage | undefined> {
    try {
      return await this.#edge.tree(id, after, this.#signal);
    } catch (error) {
      if (id !== rootId && problemCode(error) === "not-found") return undefined;
      throw error;
    }
  }

  /** The changes made while the folders were listed; a folder that was moved past the walk is walked now. Returns the cursor. */
  async replay({ epoch, head }: Listing): Promise<Seq> {
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
