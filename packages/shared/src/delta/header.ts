/** The head of a delta's frame: how much it makes, and from what. Plain JavaScript, so that a reader needs no WebAssembly. */
import { fromHex, toHex } from "../encoding.ts";
import type { BlockHash } from "../ids.ts";
import { blockBytesMax, deltaBaseBytesMax, deltaBasesMax } from "../limits.ts";
import { DeltaError, type DeltaHeader } from "./types.ts";

/** The upper half names the format, the lower its version. */
const mark = 0xd1;
const hashBytes = 32;
const fromSignatureFlag = 0x04;
const reservedFlags = 0xf8;
/** Up to 2 ** 28 - 1: more than any size here. */
const varintBytesMax = 4;

/** The head alone: the longest is far below this. */
export const headBytesMax = 256;

/** The header and where the body begins. Throws a DeltaError. */
export function parseHead(frame: Uint8Array): { header: DeltaHeader; bodyAt: number } {
  const reader = byteReader(frame);
  if (reader.byte() !== mark) throw new DeltaError("not a delta of version 1");
  const flags = reader.byte();
  if ((flags & reservedFlags) !== 0) throw new DeltaError("reserved flags are set");
  const size = blockSize(reader.varint(), "target");
  const bases = Array.from({ length: (flags & 3) + 1 }, () => {
    const hash = reader.hash();
    const difference = reader.varint();
    return { hash, size: blockSize(size + (difference % 2 === 0 ? difference / 2 : -(difference + 1) / 2), "base") };
  });
  if (totalBytes(bases) > deltaBaseBytesMax) throw new DeltaError(`the bases have more than ${deltaBaseBytesMax} bytes`);
  return { header: { size, bases, fromSignature: (flags & fromSignatureFlag) !== 0 }, bodyAt: reader.at() };
}

/** What a frame says of itself. Throws a DeltaError when it is malformed, as far as that can be seen without decoding it. */
export function readDeltaHeader(frame: Uint8Array): DeltaHeader {
  return parseHead(frame).header;
}

/** The inverse of {@link parseHead}. Throws a RangeError past a limit: the caller chose the bases. */
export function writeHead({ size, bases, fromSignature }: DeltaHeader): Uint8Array {
  if (bases.length < 1 || bases.length > deltaBasesMax) throw new RangeError(`a delta has 1 to ${deltaBasesMax} bases`);
  if (totalBytes(bases) > deltaBaseBytesMax) throw new RangeError(`the bases have more than ${deltaBaseBytesMax} bytes`);
  for (const block of [{ size }, ...bases])
    if (block.size < 1 || block.size > blockBytesMax) throw new RangeError(`a block of ${block.size} bytes is not 1 byte to 4 MiB`);
  const bytes = [mark, (bases.length - 1) | (fromSignature ? fromSignatureFlag : 0)];
  pushVarint(bytes, size);
  for (const base of bases) {
    bytes.push(...fromHex(base.hash));
    const difference = base.size - size;
    pushVarint(bytes, difference >= 0 ? 2 * difference : -2 * difference - 1);
  }
  return Uint8Array.from(bytes);
}

/** LEB128: seven bits a byte, the least significant first, the upper bit set on all but the last. */
export function pushVarint(bytes: number[], value: number): void {
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  bytes.push(rest);
}

/** Reads from the front; a DeltaError at the end, or on a number with more than one spelling. */
export function byteReader(bytes: Uint8Array, start = 0) {
  let at = start;
  const byte = (): number => {
    const value = bytes[at++];
    if (value === undefined) throw new DeltaError("it is cut short");
    return value;
  };
  const varint = (): number => {
    let value = 0;
    for (let index = 0; index < varintBytesMax; index++) {
      const next = byte();
      value += (next % 128) * 128 ** index;
      if (next < 128) {
        if (next === 0 && index > 0) break;
        return value;
      }
    }
    throw new DeltaError("a number is too long");
  };
  const hash = (): BlockHash => {
    if (at + hashBytes > bytes.length) throw new DeltaError("it is cut short");
    at += hashBytes;
    return toHex(bytes.subarray(at - hashBytes, at)) as BlockHash;
  };
  return { byte, varint, hash, at: () => at };
}

export function totalBytes(bases: readonly { readonly size: number }[]): number {
  return bases.reduce((total, { size }) => total + size, 0);
}

function blockSize(size: number, of: string): number {
  if (size < 1 || size > blockBytesMax) throw new DeltaError(`the ${of}'s size of ${size} bytes is not that of a block`);
  return size;
}
