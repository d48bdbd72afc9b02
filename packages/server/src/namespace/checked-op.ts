import type { BlockHash } from "@ashlar/shared/ids";
import { linkTargetBytesMax } from "@ashlar/shared/limits";
import { decodeManifest, manifestSize, type BlockRef } from "@ashlar/shared/manifest";
import { spellingFault } from "@ashlar/shared/names";
import type { Op } from "@ashlar/shared/protocol/commit";
import { ProblemError } from "@ashlar/shared/protocol/problem";

/** An operation whose parts agree with each other; `blocks` is its manifest taken apart, empty if it brings no content. */
export type CheckedOp = { readonly op: Op; readonly blocks: readonly BlockRef[] };

/**
 * What a schema cannot see: manifests that add up, spellings of the same name, operation ids that differ.
 * Throws a ProblemError `bad-manifest`, `bad-name` or `op-reused`.
 */
export function checkOps(ops: readonly Op[]): CheckedOp[] {
  const seen = new Set<string>();
  const sizes = new Map<BlockHash, number>();
  return ops.map((op) => {
    if (seen.has(op.opId)) throw new ProblemError("op-reused", `Two operations of this commit have the id ${op.opId}.`);
    seen.add(op.opId);
    if ("spelling" in op && op.spelling !== undefined && spellingFault(op.name, op.spelling) !== undefined) {
      throw new ProblemError("bad-name", `The spelling of "${op.name}" is not that name in another form.`);
    }
    const blocks = "manifest" in op ? blocksOf(op) : [];
    for (const { hash, size } of blocks) {
      if ((sizes.get(hash) ?? size) !== size) throw new ProblemError("bad-manifest", `The block ${hash} is given two sizes.`);
      sizes.set(hash, size);
    }
    return { op, blocks };
  });
}

function blocksOf(op: Extract<Op, { manifest: string }>): BlockRef[] {
  let blocks: BlockRef[];
  try {
    blocks = decodeManifest(op.manifest);
  } catch (cause) {
    throw new ProblemError("bad-manifest", `The manifest of node ${op.node} cannot be read.`, { cause });
  }
  if (manifestSize(blocks) !== op.size) {
    throw new ProblemError("bad-manifest", `The blocks of node ${op.node} are ${manifestSize(blocks)} bytes, its size is ${op.size}.`);
  }
  if (op.op === "create" && op.kind === "symlink" && (op.size === 0 || op.size > linkTargetBytesMax)) {
    throw new ProblemError("bad-manifest", `The target of a symbolic link is 1 to ${linkTargetBytesMax} bytes.`);
  }
  return blocks;
}
