/** A frame: the head, how the body is coded, then the coder's stream and the raw literals (docs/DELTA.md). */
import { byteReader, parseHead, pushVarint } from "./header.ts";
import { DeltaError, type DeltaHeader } from "./types.ts";

export const literalModes = { raw: 0, light: 1, strong: 2 } as const;
const tableBitsMin = 12;
const tableBitsMax = 18;
/** Short runs along the diagonal are coded as differences from it. */
const differencesFlag = 4;

/** How the core coded the body. */
export type Coding = { readonly mode: number; readonly tableBits: number; readonly learned: number; readonly differences: boolean };
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
  const { stream, raw } = body;
  const between = [codingByte(body)];
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

function codingByte({ mode, tableBits, learned, differences }: Coding): number {
  const byte = mode | (differences ? differencesFlag : 0);
  return mode === literalModes.strong ? byte | ((tableBits - tableBitsMin) << 3) | (learned << 6) : byte;
}

function parseCoding(byte: number): Coding {
  const mode = byte & 3;
  if (mode > literalModes.strong) throw new DeltaError("an unknown way to code literals");
  const differences = (byte & differencesFlag) !== 0;
  if (mode !== literalModes.strong) {
    if ((byte & ~differencesFlag) !== mode || (differences && mode === literalModes.raw))
      throw new DeltaError("parameters for a model that is not used");
    return { mode, tableBits: tableBitsMin, learned: 0, differences };
  }
  const tableBits = tableBitsMin + ((byte >> 3) & 7);
  if (tableBits > tableBitsMax) throw new DeltaError("the model's tables are too large");
  return { mode, tableBits, learned: byte >> 6, differences };
}
