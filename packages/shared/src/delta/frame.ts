/** A frame: the head, how the body is coded, then the coder's stream and the raw literals (docs/DELTA.md). */
import { byteReader, parseHead, pushVarint } from "./header.ts";
import { DeltaError, type DeltaHeader } from "./types.ts";

export const literalModes = { raw: 0, light: 1, strong: 2 } as const;
const tableBitsMin = 12;
const tableBitsMax = 18;
const learnedCodesMax = 7;

/** How the core coded the body. */
export type Coding = { readonly mode: number; readonly tableBits: number; readonly learned: number };
export type Body = Coding & {
  /** The arithmetic coder's stream. */
  readonly stream: Uint8Array;
  /** Literals that the coder could only have made longer. */
  readonly raw: Uint8Array;
};

/**
 * A frame in its parts: head | mode, and for strong ones the model's parameters | length of the stream | stream | raw literals.
 */
export function frameOf(head: Uint8Array, body: Body): Uint8Array<ArrayBuffer> {
  const { mode, tableBits, learned, stream, raw } = body;
  const between = [mode === literalModes.strong ? mode | ((tableBits - tableBitsMin) << 2) | (learned << 5) : mode];
  pushVarint(between, stream.length);
  const frame = new Uint8Array(head.length + between.length + stream.length + raw.length);
  frame.set(head);
  frame.set(between, head.length);
  frame.set(stream, head.length + between.length);
  frame.set(raw, frame.length - raw.length);
  return frame;
}

/** The inverse of {@link frameOf}. Throws a DeltaError. */
export function parseFrame(frame: Uint8Array): { header: DeltaHeader; body: Body } {
  const { header, bodyAt } = parseHead(frame);
  const reader = byteReader(frame, bodyAt);
  const coding = parseCoding(reader.byte());
  const streamBytes = reader.varint();
  const streamAt = reader.at();
  const rawAt = streamAt + streamBytes;
  if (rawAt > frame.length) throw new DeltaError("it is cut short");
  if (frame.length - rawAt > header.size) throw new DeltaError("it has more literals than the target has bytes");
  return { header, body: { ...coding, stream: frame.subarray(streamAt, rawAt), raw: frame.subarray(rawAt) } };
}

function parseCoding(byte: number): Coding {
  const mode = byte & 3;
  if (mode > literalModes.strong) throw new DeltaError("an unknown way to code literals");
  if (mode !== literalModes.strong) {
    if (byte !== mode) throw new DeltaError("parameters for a model that is not used");
    return { mode, tableBits: tableBitsMin, learned: 0 };
  }
  const tableBits = tableBitsMin + ((byte >> 2) & 7);
  const learned = byte >> 5;
  if (tableBits > tableBitsMax || learned > learnedCodesMax) throw new DeltaError("the model's tables are too large");
  return { mode, tableBits, learned };
}
