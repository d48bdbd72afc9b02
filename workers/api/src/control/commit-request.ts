/** The commit's body: everything about it that can be judged without knowing the namespace. Nothing is written before it passed. */
import { splitCommitBody } from "@ashlar/shared/commit-body";
import { toHex } from "@ashlar/shared/encoding";
import type { BlockHash } from "@ashlar/shared/ids";
import type { SmallBlock } from "@ashlar/server/blocks/packs";
import type { Delta } from "@ashlar/server/blocks/rebuild";
import type { Sha256 } from "@ashlar/server/ports";
import { commitHeadBytesMax, commitInlineBytesMax, linkTargetBytesMax } from "@ashlar/shared/limits";
import { type BlockRef, decodeManifest, manifestSize } from "@ashlar/shared/manifest";
import { spellingFault } from "@ashlar/shared/names";
import { type CommitHead, commitHeadSchema, type Op } from "@ashlar/shared/protocol/commit";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import { checkDeltaHeader } from "../delta/delta-header.ts";
import { parse } from "../http/body.ts";

const lengthBytes = 4;
/** The largest body that can be right. */
export const commitBodyBytesMax = lengthBytes + commitHeadBytesMax + commitInlineBytesMax;

/** The head, and how long it was as JSON; the bytes behind it. */
export type CommitParts = { readonly head: CommitHead; readonly headBytes: number; readonly rest: Uint8Array };
/** The inline blocks and deltas, verified as far as that needs nothing but themselves. */
export type CommitContent = { readonly inline: readonly SmallBlock[]; readonly deltas: readonly Delta[] };

export function readCommit(body: Uint8Array): CommitParts {
  const { head, rest } = splitBody(body);
  return { head: parse(commitHeadSchema, head), headBytes: body.length - rest.length - lengthBytes, rest };
}

/** `ops` are the head's, with their patches applied. */
export function checkCommit(ops: readonly Op[], { head, rest }: CommitParts, sha256: Sha256): CommitContent {
  const { inline, deltas = [] } = head;
  const sizes = [...inline, ...deltas].map(({ size }) => size);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (total > commitInlineBytesMax) throw new ProblemError("too-large", `A commit may carry ${commitInlineBytesMax} bytes of content.`);
  if (total !== rest.length) throw new ProblemError("length-mismatch", `${rest.length} bytes of content came instead of ${total}.`);
  const named = namedBlocks(ops);
  requireNamedOnce([...inline.map(({ hash }) => hash), ...deltas.map(({ target }) => target)], named);
  let at = 0;
  const take = (size: number): Uint8Array => rest.subarray(at, (at += size));
  return {
    inline: inline.map((block) => checkInline(block, take(block.size), named, sha256)),
    deltas: deltas.map(({ target, size }) => checkDelta(target, take(size), named)),
  };
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

/** Nobody can leave bytes here that nothing counts. */
function requireNamedOnce(hashes: readonly BlockHash[], named: ReadonlyMap<BlockHash, number>): void {
  const seen = new Set<BlockHash>();
  for (const hash of hashes) {
    if (seen.has(hash)) throw new ProblemError("bad-request", `Block ${hash} is there twice.`);
    if (!named.has(hash)) throw new ProblemError("bad-request", `No operation names block ${hash}.`);
    seen.add(hash);
  }
}

function checkInline({ hash, size }: BlockRef, bytes: Uint8Array, named: ReadonlyMap<BlockHash, number>, sha256: Sha256): SmallBlock {
  checkSize(hash, size, named.get(hash) ?? size);
  if (toHex(sha256(bytes)) !== hash) throw new ProblemError("hash-mismatch", `The bytes of block ${hash} are others.`);
  return { hash, size, bytes };
}

function checkDelta(target: BlockHash, frame: Uint8Array, named: ReadonlyMap<BlockHash, number>): Delta {
  const header = checkDeltaHeader(frame, target);
  checkSize(target, header.size, named.get(target) ?? header.size);
  return { target, header, frame };
}
