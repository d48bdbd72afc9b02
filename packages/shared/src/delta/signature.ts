/** A signature's head: its format, its window, and the size of what was signed (docs/DELTA.md). */
import { blockBytesMax } from "../limits.ts";
import { byteReader } from "./header.ts";
import { DeltaError } from "./types.ts";

/** The upper half names the format, the lower its version. */
const mark = 0x51;
/** Rolling checksum and strong hash of one window. */
const windowEntryBytes = 6;
const windowBitsMin = 6;
const windowBitsMax = 12;

/** The size in bytes of the block that was signed. Throws a DeltaError when the signature is malformed. */
export function signedSize(signature: Uint8Array): number {
  const reader = byteReader(signature);
  if (reader.byte() !== mark) throw new DeltaError("not a signature of version 1");
  const windowBits = reader.byte();
  if (windowBits < windowBitsMin || windowBits > windowBitsMax) throw new DeltaError("a window of an unknown size");
  const size = reader.varint();
  if (size < 1 || size > blockBytesMax) throw new DeltaError(`a signature of ${size} bytes, which is no block`);
  const windows = Math.ceil(size / 2 ** windowBits);
  if (signature.length !== reader.at() + windows * windowEntryBytes) throw new DeltaError("a signature of another length");
  return size;
}
