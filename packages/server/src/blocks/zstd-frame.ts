/**
 * What a zstd frame says of itself (RFC 8878 section 3.1), read without decompressing. Decoders take more than they should:
 * frames that follow each other, bytes behind the last one, windows of gigabytes. What is stored here, every reader must be
 * able to read, since a block may have other holders than its uploader; so it is one frame, exactly, that states its size.
 */
import type { Unzstd } from "../ports.ts";

const magic = 0xfd2fb528;
/** What RFC 8878 asks every decoder to support. */
const windowBytesMax = 8 * 1024 * 1024;
const checksumBytes = 4;
const blockHeadBytes = 3;
const runLengthBlock = 1;
const reservedBlock = 3;

/** Bytes of content that the frame declares. Throws a RangeError unless it is one whole frame, and nothing else. */
export function zstdContentBytes(frame: Uint8Array): number {
  const { contentBytes, end, hasChecksum } = readHead(frame);
  const last = endOfBlocks(frame, end);
  if (last + (hasChecksum ? checksumBytes : 0) !== frame.length) throw new RangeError("the zstd frame ends elsewhere than its bytes");
  return contentBytes;
}

/** The frame's content: exactly as many bytes as it declares, 1 to `bytesMax`. Throws a RangeError. */
export function decodeZstd(unzstd: Unzstd, frame: Uint8Array, bytesMax: number): Uint8Array {
  const declared = zstdContentBytes(frame);
  if (declared > bytesMax) throw new RangeError(`the zstd frame declares ${declared} bytes, ${bytesMax} are allowed`);
  if (declared === 0) throw new RangeError("the zstd frame holds nothing");
  let content: Uint8Array;
  try {
    content = unzstd(frame, declared);
  } catch (cause) {
    throw new RangeError("the zstd frame cannot be decoded", { cause });
  }
  if (content.length !== declared) throw new RangeError(`the zstd frame has ${content.length} bytes and declares ${declared}`);
  return content;
}

function readHead(frame: Uint8Array): { contentBytes: number; end: number; hasChecksum: boolean } {
  if (littleEndian(frame, 0, 4) !== magic) throw new RangeError("this is no zstd frame");
  const descriptor = littleEndian(frame, 4, 1);
  const [sizeFlag, isSingleSegment] = [descriptor >>> 6, (descriptor & 0x20) !== 0];
  if ((descriptor & 0x08) !== 0) throw new RangeError("the zstd frame has reserved bits");
  if ((descriptor & 0x03) !== 0) throw new RangeError("the zstd frame needs a dictionary");
  if (sizeFlag === 0 && !isSingleSegment) throw new RangeError("the zstd frame does not declare its size");
  let at = 5;
  if (!isSingleSegment && windowBytes(littleEndian(frame, at++, 1)) > windowBytesMax)
    throw new RangeError("the zstd frame's window is too large");
  const sizeBytes = 1 << sizeFlag;
  // Of eight bytes the upper four are zero for anything that could be accepted.
  if (sizeBytes === 8 && littleEndian(frame, at + 4, 4) !== 0) throw new RangeError("the zstd frame declares too many bytes");
  const contentBytes = littleEndian(frame, at, Math.min(sizeBytes, 4)) + (sizeBytes === 2 ? 256 : 0);
  return { contentBytes, end: at + sizeBytes, hasChecksum: (descriptor & 0x04) !== 0 };
}

function windowBytes(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >>> 3));
  return base + (base / 8) * (descriptor & 7);
}

/** Where the last block ends. */
function endOfBlocks(frame: Uint8Array, from: number): number {
  for (let at = from; ;) {
    const head = littleEndian(frame, at, blockHeadBytes);
    const type = (head >>> 1) & 3;
    if (type === reservedBlock) throw new RangeError("the zstd frame has a block of an unknown type");
    at += blockHeadBytes + (type === runLengthBlock ? 1 : head >>> 3);
    if ((head & 1) === 1) return at;
  }
}

function littleEndian(bytes: Uint8Array, at: number, count: number): number {
  if (at + count > bytes.length) throw new RangeError("the zstd frame is cut short");
  let value = 0;
  for (let index = count - 1; index >= 0; index--) value = value * 256 + (bytes[at + index] ?? 0);
  return value;
}
