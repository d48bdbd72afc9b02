/** Bodies of commits with a new small file, and of large blocks. */
import { createHash, randomBytes } from "node:crypto";
import { encodeCommitBody } from "@ashlar/shared/commit-body";
import { type BlockHash, newId, type NodeId, type OpId, rootId } from "@ashlar/shared/ids";
import { encodeManifest } from "@ashlar/shared/manifest";

export type Block = { readonly hash: BlockHash; readonly bytes: Buffer };

export function newBlock(size: number): Block {
  const bytes = randomBytes(size);
  return { hash: createHash("sha256").update(bytes).digest("hex") as BlockHash, bytes };
}

/** A file of one block; a small one travels along. */
export function newFile({ hash, bytes }: Block, isInline: boolean): Uint8Array {
  const op = {
    op: "create" as const,
    opId: newId<OpId>(randomBytes),
    node: newId<NodeId>(randomBytes),
    parent: rootId,
    name: hash,
    kind: "file" as const,
    manifest: encodeManifest([{ hash, size: bytes.length }]),
    size: bytes.length,
    mtimeMs: 0,
    mode: 0o644,
  };
  const inline = isInline ? [{ hash, size: bytes.length }] : [];
  return encodeCommitBody({ ops: [op], inline }, isInline ? [bytes] : []);
}
