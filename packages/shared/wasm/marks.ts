// Places in the bases that follow one chosen byte, such as the line feed: records in another order are copied from one such place to another,
// and the number of a place takes fewer bits than its address.
import { data, markList, marksMax } from "./layout";

export let markCount: u32 = 0;
let bases: i32 = 0;

/** Lists the places after each `byte`; false if there are none or too many. */
export function listMarks(byte: u32, basesBytes: i32): bool {
  bases = basesBytes;
  markCount = 0;
  const wanted = i8x16.splat(<i8>byte);
  for (let p = 0; p < bases; p += 16) {
    let mask = i8x16.bitmask(i8x16.eq(v128.load(data + p), wanted));
    while (mask != 0) {
      const place = p + ctz(mask) + 1;
      mask &= mask - 1;
      if (place >= bases) break;
      if (markCount >= marksMax) return false;
      store<u32>(markList + (<usize>markCount << 2), place);
      markCount++;
    }
  }
  return markCount > 1;
}

/** The number of the first mark at `place` or behind it; {@link markCount} if there is none. */
export function markFrom(place: i32): u32 {
  let low: u32 = 0,
    high = markCount;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (load<i32>(markList + (<usize>middle << 2)) < place) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Where the mark is; the end of the bases counts as one more. */
export function markAt(index: u32): i32 {
  return index < markCount ? load<i32>(markList + (<usize>index << 2)) : bases;
}

export function isMark(place: i32): bool {
  return markAt(markFrom(place)) == place;
}
