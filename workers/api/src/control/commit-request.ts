/** The commit's body: everything about it that can be judged without knowing the namespace. Nothing is written before it passed. */
import { splitCommitBody } from "@ashlar/shared/commit-body";
import { toHex } from "@ashlar/shared/encoding";
import type { BlockHash } from "@ashlar/shared/ids";
import type { SmallBlock } from "@ashlar/server/blocks/packs";
import { commitHeadBytesMax, commitInlineBytesMax, linkTargetBytesMax } from "@ashlar/shared/limits";
import { type BlockRef, decodeManifest, manifestSize } from "@ashlar/shared/manifest";
import { spellingFault } from "@ashlar/shared/names";
import { type CommitHead, commitHeadSchema, type Op } from "@ashlar/shared/protocol/commit";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import { parse } from "../http/body.ts";

const lengthBytes = 4;
/** The largest body that can be right. */
export const commitBodyBytesMax = lengthBytes + commitHeadBytesMax + commitInlineBytesMax;

export type CommitRequest = { readonly ops: readonly Op[]; readonly inline: readonly SmallBlock[] };

/** The operations and the inline blocks, verified against their hashes. */
export function parseCommit(body: Uint8Array, sha256: (bytes: Uint8Array) => Uint8Array): CommitRequest {
  const { head, rest } = splitBody(body);
  const { ops: wireOps, inline, deltas = [] } = parse(commitHeadSchema, head);
  if (deltas.length > 0) throw new ProblemError("bad-delta");
  const ops = wireOps.map((op) => {
    if ("patch" in op) throw new ProblemError("stale-patch");
    return op;
  });
  const named = namedBlocks(ops);
  return { ops, inline: takeInline(inline, rest, named, sha256) };
}

/** Every block that the operations name, with its one size. */
function namedBlocks(ops: readonly Op[]): Map<BlockHash, number> {
  const named = new Map<BlockHash, number>();
  for (const op of ops) {
    for (const { hash, size } of checkOp(op)) {
      checkSize(hash, size, named.get(hash) ?? size);
      named.set(hash, size);
    }
  }
  return named;
}

function checkSize(hash: BlockHash, size: number, known: number): void {
  if (size !== known) throw new ProblemError("bad-manifest", `Block ${hash} cannot have ${size} and ${known} bytes.`);
}

function splitBody(body: Uint8Array): { head: unknown; rest: Uint8Array } {
  if (body.length >= lengthBytes && new DataView(body.buffer, body.byteOffset).getUint32(0) > commitHeadBytesMax) {
    throw new ProblemError("too-large", `A commit's head may have ${commitHeadBytesMax} bytes.`);
  }
  try {
    return splitCommitBody(body);
  } catch (cause) {
    if (cause instanceof RangeError) throw new ProblemError("length-mismatch", "The commit's body is cut short.", { cause });
    throw new ProblemError("bad-request", "The commit's head is not JSON.", { cause });
  }
}

/** The blocks that the operation names. */
function checkOp(op: Op): readonly BlockRef[] {
  if ("spelling" in op && op.spelling !== undefined && spellingFault(op.name, op.spelling) !== undefined) {
    throw new ProblemError("bad-name", `${JSON.stringify(op.spelling)} is not another spelling of ${JSON.stringify(op.name)}.`);
  }
  if (op.op !== "create" && op.op !== "update") return [];
  const blocks = decode(op.manifest);
  if (manifestSize(blocks) !== op.size) throw new ProblemError("bad-manifest", `The blocks of node ${op.node} are not ${op.size} bytes.`);
  if (op.op === "create" && op.kind === "symlink" && (op.size < 1 || op.size > linkTargetBytesMax)) {
    throw new ProblemError("bad-manifest", `The target of a symbolic link has 1 to ${linkTargetBytesMax} bytes.`);
  }
  return blocks;
}

function decode(manifest: string): BlockRef[] {
  try {
    return decodeManifest(manifest);
  } catch (cause) {
    throw new ProblemError("bad-manifest", cause instanceof Error ? cause.message : undefined, { cause });
  }
}

/** Each once, named by an operation, and as many bytes as announced: nobody can leave bytes here that nothing counts. */
function takeInline(
  announced: CommitHead["inline"],
  rest: Uint8Array,
  named: ReadonlyMap<BlockHash, number>,
  sha256: (bytes: Uint8Array) => Uint8Array,
): SmallBlock[] {
  const total = announced.reduce((sum, block) => sum + block.size, 0);
  if (total > commitInlineBytesMax) throw new ProblemError("too-large", `A commit may carry ${commitInlineBytesMax} bytes of blocks.`);
  if (total !== rest.length) throw new ProblemError("length-mismatch", `${rest.length} bytes of blocks came instead of ${total}.`);
  const seen = new Set<BlockHash>();
  let at = 0;
  return announced.map(({ hash, size }) => {
    if (seen.has(hash)) throw new ProblemError("bad-request", `Block ${hash} is there twice.`);
    const said = named.get(hash);
    if (said === undefined) throw new ProblemError("bad-request", `No operation names block ${hash}.`);
    checkSize(hash, size, said);
    seen.add(hash);
    const bytes = rest.subarray(at, at + size);
    at += size;
    if (toHex(sha256(bytes)) !== hash) throw new ProblemError("hash-mismatch", `The bytes of block ${hash} are others.`);
    return { hash, size, bytes };
  });
}
