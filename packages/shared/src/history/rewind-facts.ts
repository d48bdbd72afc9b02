import { rootId, type NodeId } from "../ids.ts";
import { pathDepthMax } from "../limits.ts";
import type { PastNode, RewindPage, WantedState } from "../protocol/history.ts";

export type RewindItem = { readonly node: PastNode; readonly wanted: WantedState | null };

/** What the pages of `GET /v1/rewind` say together: the nodes that changed since a moment, and the folders around them. */
export class RewindFacts {
  readonly items = new Map<NodeId, RewindItem>();
  readonly lost = new Map<NodeId, RewindPage["lost"][number]>();
  readonly #folders = new Map<NodeId, PastNode>();

  /** In their order: what a node's first change found is how it was. */
  add(page: RewindPage): void {
    for (const item of page.items) {
      const { node } = item.node;
      if (!this.items.has(node)) this.items.set(node, item);
    }
    for (const gone of page.lost) if (!this.lost.has(gone.node)) this.lost.set(gone.node, gone);
    for (const folder of page.folders) this.#folders.set(folder.node, folder);
  }

  /** As it is now. */
  node(id: NodeId): PastNode | undefined {
    return this.items.get(id)?.node ?? this.#folders.get(id);
  }

  /** As far as the folders above are known. Pages of different moments may lead round in a circle. */
  path(id: NodeId): string {
    const names: string[] = [];
    for (let at = this.node(id); at !== undefined && at.node !== rootId && names.length < pathDepthMax; at = this.node(at.parent))
      names.unshift(at.name);
    return names.join("/");
  }

  known(): IterableIterator<PastNode> {
    const all = new Map(this.#folders);
    for (const { node } of this.items.values()) all.set(node.node, node);
    return all.values();
  }

  /**
   * Tells whether a node is, or was, at or below `scope`, or comes there with a folder that was. A node without a change since
   * had the place that it has.
   */
  belonging(scope: NodeId): (id: NodeId) => boolean {
    const was = this.#leadsTo(
      (id) => id === scope,
      (id) => this.items.get(id)?.wanted?.parent ?? this.lost.get(id)?.parent ?? this.node(id)?.parent,
    );
    const is = this.#leadsTo(
      (id) => id === scope || was(id),
      (id) => this.node(id)?.parent,
    );
    return (id) => {
      const item = this.items.get(id);
      return scope === rootId || (item?.node.deletedAt === null && is(id)) || (item?.wanted !== null && was(id));
    };
  }

  /** Whether the way up comes by such a node; every answer is remembered for all on the way. */
  #leadsTo(arrived: (id: NodeId) => boolean, parentOf: (id: NodeId) => NodeId | undefined): (id: NodeId) => boolean {
    const known = new Map<NodeId, boolean>();
    return (id) => {
      const way: NodeId[] = [];
      let answer = false;
      for (let at: NodeId | undefined = id; at !== undefined; at = parentOf(at)) {
        const before = known.get(at);
        answer = before ?? arrived(at);
        if (answer || before !== undefined || at === rootId) break;
        // Also where pages that were read one after the other contradict each other, the way ends.
        known.set(at, false);
        way.push(at);
      }
      for (const at of way) known.set(at, answer);
      return answer;
    };
  }
}
