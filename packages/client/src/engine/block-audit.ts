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
import { integer, nodeId, text } from "../trees/row.ts";
import type { Core } from "./core.ts";

export type Audit = { readonly checked: number; readonly sent: number; readonly missing: number };
type Placed = BlockRef & { readonly node: NodeId; readonly offset: number };
type Page = { readonly blocks: readonly Placed[]; readonly next: string };

/** Rows read for one request: most are of small blocks, which live in packs and are not asked about. */
const rowsMax = 10_000;
const positionKey = "audited-block";

/** `all`, or as many as one request takes, from where the last audit ended. Rejects as the edge does. */
export async function auditBlocks(core: Core, depth: "sample" | "all", signal: AbortSignal): Promise<Audit> {
  const { meta } = core.trees;
  let audit: Audit = { checked: 0, sent: 0, missing: 0 };
  let after = depth === "all" ? "" : (meta.read(positionKey) ?? "");
  do {
    const { blocks, next } = pageAfter(core, after);
    const found = await auditPage(core, blocks, signal);
    audit = { checked: audit.checked + blocks.length, sent: audit.sent + found.sent, missing: audit.missing + found.missing };
    after = next;
    // At the end, the next one begins anew.
    meta.write(positionKey, after);
  } while (depth === "all" && after !== "");
  return audit;
}

function pageAfter({ trees, options }: Core, after: string): Page {
  const rows = options.database
    .prepare("SELECT hash, min(node) AS node, min(offset) AS offset FROM places WHERE hash > ? GROUP BY hash ORDER BY hash LIMIT ?")
    .all(after, rowsMax);
  const sizes = new Map<NodeId, ReadonlyMap<string, number>>();
  const blocks: Placed[] = [];
  for (const row of rows) {
    const hash = text(row, "hash") as BlockHash;
    if (blocks.length === checkHashesMax) return { blocks, next: blocks.at(-1)?.hash ?? "" };
    const node = nodeId(row, "node");
    const local = trees.local.get(node);
    // What the server does not know yet it cannot have lost.
    if (local?.manifest == null || trees.remote.get(node)?.manifest !== local.manifest) continue;
    const known = sizes.get(node) ?? new Map(decodeManifest(local.manifest).map((block) => [block.hash, block.size]));
    sizes.set(node, known);
    const size = known.get(hash);
    if (size !== undefined && size > packBlockBytesMax) blocks.push({ hash, size, node, offset: integer(row, "offset") });
  }
  const last = rows.at(-1);
  return { blocks, next: rows.length < rowsMax || last === undefined ? "" : text(last, "hash") };
}

async function auditPage(core: Core, blocks: readonly Placed[], signal: AbortSignal): Promise<Pick<Audit, "sent" | "missing">> {
  if (blocks.length === 0) return { sent: 0, missing: 0 };
  const { edge } = core.options;
  const states = await edge.check(
    blocks.map(({ hash, size }) => ({ hash, size })),
    signal,
  );
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

/** Undefined unless the disk still holds just these bytes. */
async function bytesOf({ trees, options }: Core, { hash, size, node, offset }: Placed): Promise<Uint8Array | undefined> {
  const path = trees.localPath(node);
  if (path === undefined) return undefined;
  try {
    const bytes = await readAt(options.disk, path, offset, size);
    return toHex(options.sha256(bytes)) === hash ? bytes : undefined;
  } catch (error) {
    if (!(error instanceof DiskError) || error.code === "root-gone") throw error;
    return undefined;
  }
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
