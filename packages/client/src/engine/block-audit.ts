/**
 * Asks the server whether it has the blocks that this device's files are made of, and sends those that it has not: a block
 * that was lost or damaged there is healed by whoever has it (decision 0037). Only what hashes to its name is sent, so that a
 * file that rots on this disk spoils nothing.
 */
import { toHex } from "@ashlar/shared/encoding";
import type { BlockHash, NodeId } from "@ashlar/shared/ids";
import { checkHashesMax, packBlockBytesMax } from "@ashlar/shared/limits";
import { type BlockRef, decodeManifest } from "@ashlar/shared/manifest";
import { DiskError, type RelativePath } from "../ports.ts";
import { text } from "../trees/row.ts";
import type { Core } from "./core.ts";

export type Audit = { readonly checked: number; readonly sent: number; readonly missing: number };
type Page = { readonly blocks: readonly BlockRef[]; readonly next: string };

/** Rows read for one request: most are of small blocks, which are asked about only when all are. */
const rowsMax = 10_000;
const positionKey = "audited-block";

/** `all`, or as many as one request takes, from where the last audit ended. Rejects as the edge does. */
export async function auditBlocks(core: Core, depth: "sample" | "all", signal: AbortSignal): Promise<Audit> {
  const { meta } = core.trees;
  let audit: Audit = { checked: 0, sent: 0, missing: 0 };
  let after = depth === "all" ? "" : (meta.read(positionKey) ?? "");
  for (;;) {
    const { blocks, next } = pageAfter(core, after, depth);
    const found = await auditPage(core, blocks, signal);
    audit = { checked: audit.checked + blocks.length, sent: audit.sent + found.sent, missing: audit.missing + found.missing };
    after = next;
    // At the end, the next one begins anew.
    meta.write(positionKey, after);
    if (depth === "sample" || after === "") return audit;
  }
}

function pageAfter({ trees, options }: Core, after: string, depth: "sample" | "all"): Page {
  const hashes = options.database.prepare("SELECT DISTINCT hash FROM places WHERE hash > ? ORDER BY hash LIMIT ?").all(after, rowsMax);
  const sizes = new Map<NodeId, ReadonlyMap<string, number>>();
  /** Of the blocks in a file's manifest, if the server has the file like that: what it does not know yet it cannot have lost. */
  const sizesIn = (node: NodeId): ReadonlyMap<string, number> => {
    const manifest = trees.local.get(node)?.manifest ?? null;
    const isAgreed = manifest !== null && trees.remote.get(node)?.manifest === manifest;
    const known = sizes.get(node) ?? new Map(isAgreed ? decodeManifest(manifest).map((block) => [block.hash, block.size]) : []);
    sizes.set(node, known);
    return known;
  };
  const blocks: BlockRef[] = [];
  for (const row of hashes) {
    if (blocks.length === checkHashesMax) return { blocks, next: blocks.at(-1)?.hash ?? "" };
    const hash = text(row, "hash") as BlockHash;
    const [size] = trees.local.findBlock(hash).flatMap(({ node }) => sizesIn(node).get(hash) ?? []);
    if (size !== undefined && (depth === "all" || size > packBlockBytesMax)) blocks.push({ hash, size });
  }
  const last = hashes.at(-1);
  return { blocks, next: hashes.length < rowsMax || last === undefined ? "" : text(last, "hash") };
}

async function auditPage(core: Core, blocks: readonly BlockRef[], signal: AbortSignal): Promise<Pick<Audit, "sent" | "missing">> {
  if (blocks.length === 0) return { sent: 0, missing: 0 };
  const { edge } = core.options;
  const states = await edge.check(blocks, signal);
  let sent = 0;
  let missing = 0;
  for (const [index, block] of blocks.entries()) {
    if (states[index] === "have") continue;
    core.trees.serverBlocks.remove(block.hash);
    const bytes = await bytesOf(core, block);
    if (bytes === undefined) {
      missing++;
      continue;
    }
    await edge.putBlock(block.hash, { bytes, encoding: "identity" }, signal);
    core.trees.serverBlocks.add(block.hash);
    sent++;
  }
  return { sent, missing };
}

/** Undefined unless the disk still holds just these bytes somewhere. */
async function bytesOf({ trees, options }: Core, { hash, size }: BlockRef): Promise<Uint8Array | undefined> {
  for (const { node, offset } of trees.local.findBlock(hash)) {
    const path = trees.localPath(node);
    if (path === undefined) continue;
    try {
      const bytes = await readAt(options.disk, path, offset, size);
      if (toHex(options.sha256(bytes)) === hash) return bytes;
    } catch (error) {
      if (!(error instanceof DiskError) || error.code === "root-gone") throw error;
      // It is not to be had there; perhaps elsewhere.
    }
  }
  return undefined;
}

async function readAt(disk: Core["options"]["disk"], path: RelativePath, offset: number, size: number): Promise<Uint8Array> {
  await using handle = await disk.open(path);
  const bytes = new Uint8Array(size);
  let filled = 0;
  while (filled < size) {
    const count = await handle.read(bytes.subarray(filled), offset + filled);
    if (count === 0) break;
    filled += count;
  }
  return bytes.subarray(0, filled);
}
