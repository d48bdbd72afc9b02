/** The remote tree's digests as the server computes them (I8): where they agree, there is nothing to ask. */
import { contentDigest, DigestSum, type Digest, type Sha256 } from "@ashlar/shared/digest";
import { type NodeId, rootId } from "@ashlar/shared/ids";
import type { SharedNode } from "./node.ts";
import type { SharedTree } from "./shared-tree.ts";

export type FolderDigests = ReadonlyMap<NodeId, Digest>;

/**
 * Of every folder that is known whole. One with a file whose manifest is not known is left out, and so are all above it: they have
 * to be listed. Reads every node once.
 */
export function folderDigests(tree: SharedTree, sha256: Sha256): FolderDigests {
  const digests = new Map<NodeId, Digest>();

  function digestOf(node: SharedNode): Digest | undefined {
    if (node.kind === "folder") return ofFolder(node.id);
    return node.manifest === null ? undefined : contentDigest(sha256, node.manifest, node.mode);
  }

  function ofFolder(id: NodeId): Digest | undefined {
    const sum = new DigestSum();
    let isWhole = true;
    for (const child of tree.children(id)) {
      const digest = digestOf(child);
      const { id: node, rev, kind, name } = child;
      if (digest === undefined) isWhole = false;
      else if (isWhole) sum.add(sha256, { node, rev, kind, name, digest });
    }
    if (!isWhole) return undefined;
    const digest = sum.digest();
    digests.set(id, digest);
    return digest;
  }

  ofFolder(rootId);
  return digests;
}
