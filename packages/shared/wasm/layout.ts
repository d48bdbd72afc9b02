// Where everything lies in the linear memory: no allocator and no garbage, so that nothing grows but for larger bases.

export const KiB: u32 = 1024;
export const MiB: u32 = 1024 * 1024;

export const targetBytesMax: u32 = 4 * MiB;
export const baseBytesMax: u32 = 16 * MiB;
/** Copies in one delta: bounds a decoder's work on one-byte copies. */
export const opsMax: u32 = 131072;

/** ln(p / (1 - p)) as f32, by the upper 12 bits of p. */
export const stretchTable: usize = 0x10000;
/** The inverse as u16: x from -12 to 12 in 4096 steps. */
export const squashTable: usize = stretchTable + 4096 * 4;
/** 65536 / (n + 1.5) for counter states. */
export const rateTable: usize = squashTable + 4096 * 2;
/** 256 u32 to count bytes in. */
export const byteCounts: usize = rateTable + 1024 * 2;
/** Counters of single bits among the fields of operations. */
export const fieldBits: usize = 0x20000;
export const fieldBitCount: u32 = 64;
/** Contexts of the kinds of copies. */
export const kindContexts: usize = fieldBits + fieldBitCount * 4;
export const kindCount: i32 = 8;
export const kindContextCount: u32 = 8 * 3 + 8 * 8;
/** Contexts of numbers. */
export const fields: usize = kindContexts + kindContextCount * 32;
export const fieldsBytes: u32 = 192 * KiB;
/** {@link opRecordBytes} for each operation that the encoder found. */
export const opRecords: usize = fields + fieldsBytes;
export const opRecordBytes: u32 = 12;
/** The same again, for the long matches found first. */
export const anchorRecords: usize = opRecords + (opsMax + 1024) * opRecordBytes;

/** Indexes while matching, then the literal model's counters: the two are never needed at once. */
export const scratch: usize = anchorRecords + (opsMax + 1024) * opRecordBytes;
export const scratchBytes: u32 = 14 * MiB;
/** Raw literals that an encoder sets aside; above what the literal model takes. */
export const rawOut: usize = scratch + 9 * MiB;

/** Behind both: the marks of marks.ts. */
export const markList: usize = scratch + 13 * MiB + 64 * KiB;
export const marksMax: u32 = 229376;

/** The frame's body, or a signature: in for a decoder, out for an encoder. Room for raw literals and their overhead. */
export const body: usize = scratch + scratchBytes;
export const bodyBytesMax: u32 = 4 * MiB + 256 * KiB;
/** Where an encoder keeps one of two results, in the part of the body that so small ones do not reach. */
export const savedStream: usize = body + MiB;
export const savedRaw: usize = savedStream + MiB;
export const savedOperations: usize = savedRaw + MiB;
/** What fits there before the bases begin, with the record behind the last operation. */
export const savedOperationsMax: u32 = (bodyBytesMax - 3 * MiB) / opRecordBytes - 1;
/** Signatures that an encoder takes: those of 16 MiB of bases are smaller than a body. The coder writes there only after they are read. */
export const signatures: usize = body;

/** The bases one after the other, then the target behind {@link gapBytes}. */
export const data: usize = body + bodyBytesMax;
/** Zeros before the target: what looks back from its first bytes must not see bases, which one side may not have. */
export const gapBytes: u32 = 64;
/** Vector loads may look this far past the last byte. */
export const dataSlackBytes: u32 = 256;

/** Makes the memory reach over bases and target; false when the host refuses. */
export function reserve(dataBytes: u32): bool {
  const pages: i32 = <i32>((<u32>data + dataBytes + gapBytes + dataSlackBytes + 0xffff) >> 16);
  const missing = pages - memory.size();
  return missing <= 0 || memory.grow(missing) >= 0;
}
