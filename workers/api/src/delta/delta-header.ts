import { readDeltaHeader } from "@ashlar/shared/delta/header";
import { DeltaError, type DeltaHeader } from "@ashlar/shared/delta/types";
import { type BlockHash, blockHashSchema } from "@ashlar/shared/ids";
import { deltaBaseBytesMax, deltaBasesMax } from "@ashlar/shared/limits";
import { blockSizeSchema } from "@ashlar/shared/protocol/block";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import * as z from "zod/mini";

/** Whatever the codec makes of a hostile header, these are block names and sizes from here on. */
const headerSchema = z.object({
  size: blockSizeSchema,
  bases: z.array(z.object({ hash: blockHashSchema, size: blockSizeSchema })).check(z.minLength(1), z.maxLength(deltaBasesMax)),
  fromSignature: z.boolean(),
});

/** The header of a frame that is to make `target`. Throws a ProblemError `bad-delta` on anything that cannot be that. */
export function checkDeltaHeader(frame: Uint8Array, target: BlockHash): DeltaHeader {
  const { success, data: header } = headerSchema.safeParse(codecsHeader(frame));
  if (!success) throw new ProblemError("bad-delta", "The frame's header is not within the limits of a delta.");
  const baseBytes = header.bases.reduce((total, { size }) => total + size, 0);
  if (baseBytes > deltaBaseBytesMax) throw new ProblemError("bad-delta", `The bases of a delta have ${deltaBaseBytesMax} bytes at most.`);
  if (new Set([target, ...header.bases.map(({ hash }) => hash)]).size !== header.bases.length + 1) {
    throw new ProblemError("bad-delta", "The frame names a block twice.");
  }
  return header;
}

function codecsHeader(frame: Uint8Array): DeltaHeader {
  try {
    return readDeltaHeader(frame);
  } catch (cause) {
    if (cause instanceof DeltaError) throw new ProblemError("bad-delta", cause.message, { cause });
    throw cause;
  }
}
