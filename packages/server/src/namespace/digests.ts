import { addDigest, emptyDigest, leafDigest, subtractDigest, type Digest, type Sha256 } from "@ashlar/shared/digest";
import type { NodeId } from "@ashlar/shared/ids";
import type { NodeRow } from "./node-row.ts";
import type { TreeOverlay } from "./tree-overlay.ts";

/**
 * Brings the digests of all folders above changed nodes up to date, from the differences alone: no sibling is read (I8).
 * Answers every node whose row may differ by now, the changed ones and the folders above them.
 */
export function updateDigests(tree: TreeOverlay, sha256: Sha256): Set<NodeId> {
  const affected = affectedNodes(tree);
  const sums = new Map<NodeId, Digest>();
  for (const id of affected) {
    if (isLiveFolder(tree.get(id))) sums.set(id, tree.before(id)?.digest ?? emptyDigest);
  }
  const adjust = (row: NodeRow, operation: typeof addDigest) => {
    const sum = row.parent === null ? undefined : sums.get(row.parent);
    if (row.parent !== null && sum !== undefined) sums.set(row.parent, operation(sum, leafDigest(sha256, row)));
  };
  // The old leaves are known from the start, the new ones only from the bottom up: a folder's leaf holds its new digest.
  for (const id of affected) {
    const before = tree.before(id);
    if (before !== undefined && before.deletedAt === null) adjust(before, subtractDigest);
  }
  for (const id of deepestFirst(tree, affected)) {
    const sum = sums.get(id);
    if (sum !== undefined) tree.setDigest(id, sum);
    const after = tree.get(id);
    if (after !== undefined) adjust(after, addDigest);
  }
  return affected;
}

const isLiveFolder = (row: NodeRow | undefined): boolean => row?.kind === "folder" && row.deletedAt === null;

function affectedNodes(tree: TreeOverlay): Set<NodeId> {
  const affected = new Set(tree.touched());
  const climbed = new Set<NodeId>();
  const climb = (from: NodeId | null) => {
    for (let at = from; at !== null && !climbed.has(at); at = tree.get(at)?.parent ?? null) {
      climbed.add(at);
      affected.add(at);
    }
  };
  for (const id of tree.touched()) {
    const before = tree.before(id);
    const after = tree.get(id);
    if (before !== undefined) climb(before.parent);
    if (after !== undefined) climb(after.parent);
  }
  return affected;
}

function deepestFirst(tree: TreeOverlay, ids: Iterable<NodeId>): NodeId[] {
  const live = [...ids].filter((id) => tree.get(id)?.deletedAt === null);
  const depths = new Map(live.map((id) => [id, tree.depth(id)]));
  return live.toSorted((a, b) => (depths.get(b) ?? 0) - (depths.get(a) ?? 0));
}
