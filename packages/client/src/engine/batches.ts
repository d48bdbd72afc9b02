import type { BlockHash } from "@ashlar/shared/ids";
import { commitDeltaBytesMax, commitDeltasMax, commitHeadBytesMax, commitInlineBytesMax, commitOpsMax } from "@ashlar/shared/limits";
import type { Op } from "@ashlar/shared/protocol/commit";
import type { DeltaFrame, SmallBlock } from "../ports.ts";
import type { HeldContent } from "./held-blocks.ts";

/** Leaves room for the fields beside the manifests. */
const manifestCharsMax = commitHeadBytesMax / 2;

/** What one commit carries. */
export type Batch = { readonly ops: readonly Op[]; readonly inline: readonly SmallBlock[]; readonly deltas: readonly DeltaFrame[] };

type Load = { readonly inlineBytes: number; readonly manifestChars: number; readonly deltaBytes: number; readonly deltas: number };
const empty: Load = { inlineBytes: 0, manifestChars: 0, deltaBytes: 0, deltas: 0 };

/**
 * Operations in their order, in commits within the protocol's bounds, each block once. `heldOf` answers with what is to be
 * sent for an operation; of a block with a delta only the delta is.
 */
export function batchesOf(ops: readonly Op[], heldOf: (op: Op) => HeldContent): Batch[] {
  const batches: Batch[] = [];
  let batch = { ops: [] as Op[], inline: [] as SmallBlock[], deltas: [] as DeltaFrame[] };
  let load = empty;
  const sent = new Set<BlockHash>();
  for (const op of ops) {
    const held = heldOf(op);
    const deltas = held.deltas.filter(({ target }) => !sent.has(target));
    for (const { target } of deltas) sent.add(target);
    const small = held.small.filter(({ hash }) => !sent.has(hash));
    for (const { hash } of small) sent.add(hash);
    const added = loadOf(op, small, deltas);
    if (batch.ops.length > 0 && (isOver(sumOf(load, added)) || batch.ops.length === commitOpsMax)) {
      batches.push(batch);
      batch = { ops: [], inline: [], deltas: [] };
      load = empty;
    }
    batch.ops.push(op);
    batch.inline.push(...small);
    batch.deltas.push(...deltas);
    load = sumOf(load, added);
  }
  if (batch.ops.length > 0) batches.push(batch);
  return batches;
}

function loadOf(op: Op, small: readonly SmallBlock[], deltas: readonly DeltaFrame[]): Load {
  return {
    inlineBytes: small.reduce((total, { bytes }) => total + bytes.length, 0),
    manifestChars: op.op === "create" || op.op === "update" ? op.manifest.length : 0,
    deltaBytes: deltas.reduce((total, { frame }) => total + frame.length, 0),
    deltas: deltas.length,
  };
}

function sumOf(one: Load, other: Load): Load {
  return {
    inlineBytes: one.inlineBytes + other.inlineBytes,
    manifestChars: one.manifestChars + other.manifestChars,
    deltaBytes: one.deltaBytes + other.deltaBytes,
    deltas: one.deltas + other.deltas,
  };
}

function isOver({ inlineBytes, manifestChars, deltaBytes, deltas }: Load): boolean {
  return (
    inlineBytes > commitInlineBytesMax || manifestChars > manifestCharsMax || deltaBytes > commitDeltaBytesMax || deltas > commitDeltasMax
  );
}
