/** Compares the disk with the local tree, and changes neither. */
import { rootId } from "@ashlar/shared/ids";
import { decodeManifest } from "@ashlar/shared/manifest";
import type { BlockHash, NodeId } from "@ashlar/shared/ids";
import type { Scan } from "../engine/types.ts";
import { DiskError, type Disk, type ReadHandle } from "../ports.ts";
import type { LocalNode, Observation } from "../scan/types.ts";
import * as effects from "../trees/effects.ts";
import type { Trees } from "../trees/trees.ts";
import { type Finding, finding } from "./finding.ts";

export type DiskPorts = { readonly disk: Disk; readonly trees: Trees; readonly scan: Scan; readonly newId: () => NodeId };

/** Names and stats. Rejects with DiskError `root-gone`, or the signal's reason. */
export async function examineDisk({ disk, trees, scan, newId }: DiskPorts, signal: AbortSignal): Promise<Finding[]> {
  const folders = "all";
  const { observations, hindrances } = await scan({ disk, view: trees.local.view(), rootId, folders, newId, onFolder: () => {}, signal });
  const appeared = new Map<NodeId, Observation & { parent: NodeId; name: string }>();
  for (const seen of observations) if ("parent" in seen) appeared.set(seen.id, seen);
  /** As it is on the disk now, where it was seen there. */
  const pathOf = (id: NodeId): string => {
    const seen = appeared.get(id);
    if (seen === undefined) return trees.shownPath(id);
    return seen.parent === rootId ? seen.name : `${pathOf(seen.parent)}/${seen.name}`;
  };
  // A scan looks again into what was seen so soon after it was written; its stat is what the tree says all the same.
  const isRacy = (seen: Observation) => {
    const known = trees.local.get(seen.id);
    return seen.type === "changed" && known !== undefined && effects.sameFile(known.stat, seen.stat);
  };
  const differing = observations.filter((seen) => !isRacy(seen));
  return [
    ...differing.map((seen) => finding("not-looked-at", pathOf(seen.id), observed[seen.type])),
    ...hindrances.map(({ path, reason, detail }) => finding("waits", path, `${reason}: ${detail}`)),
  ];
}

const observed: Readonly<Record<Observation["type"], string>> = {
  appeared: "it is new there",
  moved: "it was moved",
  changed: "it was changed",
  vanished: "it is gone",
};

export type ContentPorts = {
  readonly disk: Disk;
  readonly trees: Trees;
  readonly hashBlock: (bytes: Uint8Array) => BlockHash;
  readonly bufferBytes: number;
};

/** Reads every file that looks unchanged, and compares it with its manifest, block by block: memory of one block. */
export async function examineContent({ disk, trees, hashBlock, bufferBytes }: ContentPorts, signal: AbortSignal): Promise<Finding[]> {
  const findings: Finding[] = [];
  const buffer = new Uint8Array(bufferBytes);
  for (const node of filesBelow(trees, rootId)) {
    signal.throwIfAborted();
    const path = trees.localPath(node.id);
    if (path === undefined || node.manifest === null) continue;
    try {
      await using handle = await disk.open(path);
      const isSame = await holds(handle, node.manifest, buffer, hashBlock);
      // One that was changed meanwhile, or that nobody has looked at yet, is another matter.
      if (!isSame && effects.sameFile(node.stat, await handle.stat())) findings.push(finding("content-differs", path));
    } catch (error) {
      if (!(error instanceof DiskError) || error.code === "root-gone") throw error;
      if (error.code !== "absent" && error.code !== "changed") findings.push(finding("waits", path, `${error.code}: it cannot be read`));
    }
  }
  return findings;
}

/** A link's target is in its stat as good as in its content. */
function* filesBelow(trees: Trees, folder: NodeId): Generator<LocalNode> {
  for (const child of trees.local.children(folder)) {
    if (child.kind === "folder") yield* filesBelow(trees, child.id);
    else if (child.kind === "file") yield child;
  }
}

async function holds(
  handle: ReadHandle,
  manifest: string,
  buffer: Uint8Array,
  hashBlock: (bytes: Uint8Array) => BlockHash,
): Promise<boolean> {
  let offset = 0;
  for (const { hash, size } of decodeManifest(manifest)) {
    let filled = 0;
    while (filled < size) {
      const count = await handle.read(buffer.subarray(filled, size), offset + filled);
      if (count === 0) return false;
      filled += count;
    }
    if (hashBlock(buffer.subarray(0, size)) !== hash) return false;
    offset += size;
  }
  return true;
}
