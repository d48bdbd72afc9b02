// Literals in symbols of four bits, for more bytes than model.ts has time for: four contexts and weights between them.
import { decoding, direction } from "./coder";
import { scratch } from "./layout";
import { clearContexts, clearWeights, codeByFour, contextBytes } from "./nibbles";

/** By what the base foretells, and by how often the two longest contexts were met. */
const weightSets: u32 = 16 * 8 * 2;
const weights: usize = scratch;
const tables: usize = weights + weightSets * 16;
const tableBits: u32 = 14;
const tableBytes: usize = contextBytes << tableBits;
const learnedSymbols: u32 = 120;
let diagonalRun: i32 = 0;

export function startLight(): void {
  clearContexts(tables, 4 << tableBits, 16);
  clearWeights(weights, weightSets);
  diagonalRun = 0;
}

@inline
function contextOf(table: u32, hash: u32): usize {
  hash ^= hash >>> 15;
  return tables + <usize>table * tableBytes + <usize>((hash * 0x9e3779b1) >>> (32 - tableBits)) * contextBytes;
}

@inline
function met(context: usize): u32 {
  const count: u32 = load<u16>(context);
  return count < 3 ? count : 3;
}

/** As codeLiteral of model.ts. */
export function codeLightLiteral(at: usize, foretold: i32, after: u32): void {
  const byte: i32 = direction == decoding ? 0 : load<u8>(at);
  const c4: u32 = load<u32>(at - 4);
  const c1 = c4 >>> 24;
  const guess: u32 = foretold < 0 ? 0 : <u32>foretold | 256;
  const run: u32 = diagonalRun > 2 ? 3 : diagonalRun;
  const h1 = c1 * 0x3c6ef372;
  const h2 = (c4 >>> 16) * 0x3d4d51cb + 1;
  const hd = guess < 256 ? (c4 >>> 8) * 0x2f0b4c47 + 2 : guess * 0x45d9f3b + run * 0x119de1f3;
  const hp = guess < 256 ? c4 * 0x5bd1e995 + 3 : (guess * 0x1b873593) ^ (after * 0x85ebca6b) ^ (c1 * 0xc2b2ae35);
  let a = contextOf(0, h1),
    b = contextOf(1, h2),
    c = contextOf(2, hd),
    d = contextOf(3, hp);
  let set: u32 = (guess == 0 ? 0 : 1 + run) * 16 + met(b) * 4 + met(d);
  const upper = codeByFour(a, b, c, d, weights + (<usize>set << 4), byte >>> 4, learnedSymbols);
  const n = (<u32>upper + 1) * 0x3ac5d673;
  a = contextOf(0, h1 + n);
  b = contextOf(1, h2 + n);
  c = contextOf(2, hd + n);
  d = contextOf(3, hp + n);
  // The base says nothing of the lower half where it was wrong in the upper one.
  set = (guess == 0 ? 5 : (guess & 255) >>> 4 == upper ? 6 + run : 10) * 16 + met(b) * 4 + met(d);
  const coded = <u32>((upper << 4) | codeByFour(a, b, c, d, weights + (<usize>set << 4), byte & 15, learnedSymbols));
  if (direction == decoding) store<u8>(at, <u8>coded);
  if (guess != 0) diagonalRun = coded == (guess & 255) ? min(diagonalRun + 1, 15) : 0;
}
