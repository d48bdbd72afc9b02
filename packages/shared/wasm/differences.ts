// The model for short runs along the diagonal, as in executables whose addresses moved: it codes new less old, byte by byte,
// since the same differences come again where the bytes themselves do not (bsdiff, Percival 2003).
import { decoding, direction } from "./coder";
import { scratch } from "./layout";
import { clearContexts, clearWeights, codeByFour, contextBytes } from "./nibbles";

/** Longer runs are new bytes rather than changed ones. */
export const differenceRunBytesMax: i32 = 16;

/** By length of the run, place in it and half of the byte. */
const weightSets: u32 = 17 * 16 * 2;
const weights: usize = scratch + 8 * 1024 * 1024;
const tables: usize = weights + weightSets * 16;
const tableBits: u32 = 13;
const tableBytes: usize = contextBytes << tableBits;
const learnedSymbols: u32 = 120;

/** The last two runs' differences by length of the run and place in it. */
const last = memory.data(17 * 16 * 2);

export function startDifferences(): void {
  clearContexts(tables, 4 << tableBits, 16);
  clearWeights(weights, weightSets);
  memory.fill(last, 0, 17 * 16 * 2);
}

@inline
function contextOf(table: u32, hash: u32): usize {
  hash ^= hash >>> 15;
  return tables + <usize>table * tableBytes + <usize>((hash * 0x9e3779b1) >>> (32 - tableBits)) * contextBytes;
}

/** Codes `count` bytes at `at`, of which `old` are the ones in the base; both have readable neighbours. */
export function codeDifferences(at: usize, old: usize, count: i32): void {
  let d1: u32 = 0,
    d2: u32 = 0,
    d3: u32 = 0;
  for (let k = 0; k < count; k++) {
    const place: u32 = (count << 4) | k;
    const before = last + (<usize>place << 1);
    const e1: u32 = load<u8>(before),
      e2: u32 = load<u8>(before, 1);
    const guess: u32 = load<u8>(old + k),
      c1: u32 = load<u8>(at + k - 1),
      c2: u32 = load<u8>(at + k - 2);
    const symbol: u32 = direction == decoding ? 0 : <u32>(<u8>(load<u8>(at + k) - <u8>guess));
    const h0 = place * 0x2f0b4c47;
    const hHistory = (h0 ^ (d1 * 0x119de1f3) ^ (e1 * 0x45d9f3b) ^ (e2 * 0x1b873593)) + 3;
    const hBytes = ((guess * 0x1b873593) ^ (c1 * 0xc2b2ae35) ^ (c2 * 0x7feb352d)) + 5;
    const hOld = (h0 ^ (d1 * 0x119de1f3) ^ (guess * 0x1b873593)) + 6;
    const hRun = ((d1 * 0x119de1f3) ^ (d2 * 0x6c8e9cf5) ^ (d3 * 0x85ebca6b)) + 7;
    const w = weights + (<usize>place << 5);
    const upper = codeByFour(
      contextOf(0, hHistory), contextOf(1, hBytes), contextOf(2, hOld), contextOf(3, hRun), w, symbol >>> 4, learnedSymbols,
    );
    const n = (<u32>upper + 1) * 0x3ac5d673;
    const lower = codeByFour(
      contextOf(0, hHistory + n), contextOf(1, hBytes + n), contextOf(2, hOld + n), contextOf(3, hRun + n), w + 16, symbol & 15, learnedSymbols,
    );
    const coded = <u32>((upper << 4) | lower);
    if (direction == decoding) store<u8>(at + k, <u8>(coded + guess));
    store<u8>(before, <u8>e1, 1);
    store<u8>(before, <u8>coded);
    d3 = d2;
    d2 = d1;
    d1 = coded;
  }
}
