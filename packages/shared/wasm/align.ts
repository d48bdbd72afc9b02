// Moves the beginnings of far copies to marks, where records begin.
import { byteCounts, data, gapBytes, opRecordBytes, opRecords } from "./layout";
import { listMarks } from "./marks";

/** Fewer far copies are not worth a byte and a list. */
const farCopiesMin: u32 = 256;
const farFrom: i32 = 4096;
const lookBack: i32 = 96;

/** The byte whose marks were listed, or -1. */
export function alignCopies(ops: u32, bases: i32): i32 {
  const target = data + bases + gapBytes;
  memory.fill(byteCounts, 0, 1024);
  let far: u32 = 0;
  let at = 0,
    diagonal = 0;
  for (let i: u32 = 0; i < ops; i++) {
    const record = opRecords + <usize>i * opRecordBytes;
    at += load<i32>(record);
    const length = load<i32>(record, 4),
      source = load<i32>(record, 8);
    const off = source - at - diagonal;
    if (source < bases) {
      if (i > 0 && (off > farFrom || off < -farFrom)) {
        far++;
        // each byte before which the copy could as well have begun, once
        const most = min(min(lookBack, source - 1), at - 1);
        let seen0: u64 = 0,
          seen1: u64 = 0,
          seen2: u64 = 0,
          seen3: u64 = 0;
        for (let k = 0; k <= most; k++) {
          const byte: u32 = load<u8>(data + source - k - 1);
          const bit = <u64>1 << (byte & 63);
          const seen = byte < 64 ? seen0 : byte < 128 ? seen1 : byte < 192 ? seen2 : seen3;
          if ((seen & bit) == 0) {
            const counter = byteCounts + (<usize>byte << 2);
            store<u32>(counter, load<u32>(counter) + 1);
            if (byte < 64) seen0 |= bit;
            else if (byte < 128) seen1 |= bit;
            else if (byte < 192) seen2 |= bit;
            else seen3 |= bit;
          }
          if (load<u8>(target + at - k - 1) != byte) break;
        }
      }
      diagonal = source - at;
    }
    at += length;
  }
  if (far < farCopiesMin) return -1;
  // of the bytes that most far copies could begin behind, the rarest in the bases
  let best = -1,
    bestCount = bases;
  for (let byte = 0; byte < 256; byte++) {
    if (load<u32>(byteCounts + (<usize>byte << 2)) * 4 < far * 3) continue;
    let count = 0;
    for (let p = 0; p < bases; p += 61) if (load<u8>(data + p) == byte) count++;
    if (count < bestCount) {
      best = byte;
      bestCount = count;
    }
  }
  if (best < 0 || bestCount * 61 > bases / 16 || !listMarks(best, bases)) return -1;
  at = 0;
  diagonal = 0;
  for (let i: u32 = 0; i < ops; i++) {
    const record = opRecords + <usize>i * opRecordBytes;
    let literals = load<i32>(record),
      length = load<i32>(record, 4),
      source = load<i32>(record, 8);
    at += literals;
    const off = source - at - diagonal;
    if (source < bases && i > 0 && (off > farFrom || off < -farFrom)) {
      const before = record - opRecordBytes;
      const room = min(min(lookBack, source - 1), literals + load<i32>(before, 4) - 1);
      for (let k = 0; k <= room; k++) {
        if (load<u8>(data + source - k - 1) == best) {
          const fromLiterals = min(k, literals);
          store<i32>(record, literals - fromLiterals);
          store<i32>(before, load<i32>(before, 4) - (k - fromLiterals), 4);
          at -= k;
          length += k;
          source -= k;
          store<i32>(record, length, 4);
          store<i32>(record, source, 8);
          break;
        }
        if (load<u8>(target + at - k - 1) != load<u8>(data + source - k - 1)) break;
      }
    }
    if (source < bases) diagonal = source - at;
    at += length;
  }
  return best;
}
