// Literal bytes, bit by bit: counters in several contexts, mixed by a small network that learns as it goes (lpaq, Mahoney 2007),
// with one context that a delta has and a text has not: the byte that stands at the same place of the base.
import { codeBit, direction, learning } from "./coder";
import { clearCounters, counterUpdate } from "./counters";
import { buildRates } from "./nibbles";
import { rateTable, scratch, squashTable, stretchTable } from "./layout";

const inputs: i32 = 8;
/** Sets of weights, by what the match and the base foretell. */
const weightSets: u32 = 64;
const weights: usize = scratch;
const weightBytes: u32 = weightSets * inputs * 4;
const matchCounters: usize = weights + weightBytes;
const matchCounterCount: u32 = 64 * 2;
const refine: usize = matchCounters + matchCounterCount * 4;
const refineCount: u32 = 1024 * 32;
const matchHeads: usize = refine + refineCount * 4;
const matchHeadBits: u32 = 16;
const orders: usize = matchHeads + (4 << matchHeadBits);

let slotBits: u32 = 0;
let table0: usize = 0;
let tableBytes: usize = 0;

let matchAt: usize = 0;
let matchLength: i32 = 0;
/** How well the base's byte at the same place did lately, 0 to 15. */
let diagonalRun: i32 = 0;
let rate: f32 = 0;

export function buildTables(): void {
  buildRates();
  for (let i: i32 = 0; i < 4096; i++) {
    const p = (<f64>i + 0.5) / 4096;
    store<f32>(stretchTable + (<usize>i << 2), <f32>Math.log(p / (1 - p)));
    const x = (<f64>i - 2048) * (12.0 / 2048);
    let y = <i32>(65536 / (1 + Math.exp(-x)));
    if (y < 16) y = 16;
    if (y > 65520) y = 65520;
    store<u16>(squashTable + (<usize>i << 1), <u16>y);
  }
  for (let n: i32 = 0; n < 1024; n++) store<u16>(rateTable + (<usize>n << 1), <u16>(65536.0 / (<f64>n + 1.8)));
}

/** @param bytes an estimate of how many literals will come: it chooses the size of the tables, and stands in the frame */
export function startModel(bits: u32): void {
  slotBits = bits;
  tableBytes = <usize>4 << bits;
  table0 = orders;
  clearCounters(orders, (7 << bits));
  clearCounters(matchCounters, matchCounterCount);
  memory.fill(matchHeads, 0, 4 << matchHeadBits);
  for (let i: u32 = 0; i < weightSets * inputs; i++) store<f32>(weights + (<usize>i << 2), 0.22);
  for (let i: u32 = 0; i < refineCount; i++) {
    const x = <u32>(i & 31);
    const p = load<u16>(squashTable + (<usize>(x * 128 + 64) << 1));
    store<u32>(refine + (<usize>i << 2), (<u32>p << 16) | 6);
  }
  matchAt = 0;
  matchLength = 0;
  diagonalRun = 0;
}

@inline
function slot(table: u32, hash: u32): usize {
  // 16 counters, one cache line, for each nibble in its context.
  return orders + <usize>table * tableBytes + (<usize>((hash * 0x9e3779b1) >>> (32 - slotBits + 4)) << 6);
}

@inline
function stretch(counter: usize): f32 {
  return load<f32>(stretchTable + (<usize>(load<u32>(counter) >>> 20) << 2));
}

/** Forgets what it matches: the place of the next literal is not behind the last one. */
export function breakModel(): void {
  matchLength = 0;
}

/**
 * Codes the byte at `at`, whose neighbours before it are known; when decoding, stores it.
 * @param foretold the base's byte at the same place, or -1; @param after its successor
 */
export function codeLiteral(at: usize, foretold: i32, after: u32): void {
  const byte: u32 = direction == 1 ? 0 : load<u8>(at);
  const c4: u32 = load<u32>(at - 4); // little-endian: the last byte on top
  const c1 = c4 >>> 24;
  const c8: u32 = load<u32>(at - 8);

  // the longest recent match of five bytes
  if (matchLength > 0 && matchAt > 0) matchAt++;
  const head = matchHeads + (<usize>(((c4 * 0x2c1b3c6d) ^ ((c8 >>> 24) * 0x297a2d39)) >>> (32 - matchHeadBits)) << 2);
  if (matchLength == 0) {
    matchAt = load<u32>(head);
    if (matchAt > 0) {
      while (matchLength < 24 && load<u8>(matchAt - matchLength - 1) == load<u8>(at - matchLength - 1)) matchLength++;
      if (matchLength < 4) matchLength = 0;
    }
  }
  store<u32>(head, <u32>at);
  let expected: u32 = matchLength > 0 ? <u32>load<u8>(matchAt) | 256 : 0;
  const guess: u32 = foretold < 0 ? 0 : <u32>foretold | 256;

  const h1 = c1 << 8;
  const h2 = (c4 >>> 16) * 0x3d4d51cb + 1;
  const h3 = (c4 >>> 8) * 0x2f0b4c47 + 2;
  const h4 = c4 * 0x5bd1e995 + 3;
  const h6 = (c4 * 0x6c8e9cf5) ^ ((c8 >>> 16) * 0x7feb352d) + 4;
  const hd = guess * 0x45d9f3b + <u32>(diagonalRun > 2 ? 3 : diagonalRun) * 0x119de1f3;
  const hp = (guess * 0x1b873593) ^ (after * 0x85ebca6b) ^ (c1 * 0xc2b2ae35);

  let s1: usize = 0,
    s2: usize = 0,
    s3: usize = 0,
    s4: usize = 0,
    s6: usize = 0,
    sd: usize = 0,
    sp: usize = 0;
  let node: u32 = 1;
  for (let i: i32 = 7; i >= 0; i--) {
    if (i == 7 || i == 3) {
      const n = i == 7 ? 0 : node * 0x3ac5d673;
      s1 = slot(0, h1 * 0x1000193 + n);
      s2 = slot(1, h2 + n);
      s3 = slot(2, h3 + n);
      s4 = slot(3, h4 + n);
      s6 = slot(4, h6 + n);
      sd = slot(5, hd + n);
      sp = slot(6, hp + n);
    }
    const inner: usize = <usize>(i >= 4 ? node : ((node & ((1 << (3 - i)) - 1)) | (1 << (3 - i)))) << 2;
    const bit: i32 = (byte >>> i) & 1;
    const a1 = s1 + inner,
      a2 = s2 + inner,
      a3 = s3 + inner,
      a4 = s4 + inner,
      a6 = s6 + inner,
      ad = sd + inner,
      ap = sp + inner;
    // what the match and the base say of this bit, while they were right in this byte
    let am: usize = 0;
    let m: f32 = 0;
    let set: u32 = 0;
    if (expected >>> (i + 1) == node) {
      const expectedBit = (expected >>> i) & 1;
      am = matchCounters + (<usize>((<u32>(matchLength > 31 ? 31 : matchLength) << 1) | expectedBit) << 2);
      m = stretch(am);
      set = matchLength > 15 ? 3 : matchLength > 7 ? 2 : 1;
    }
    if (guess != 0) set += guess >>> (i + 1) == node ? 4 + 4 * <u32>(diagonalRun > 1 ? 2 : diagonalRun) : 16;
    const w = weights + (<usize>set << 5);
    const x0 = f32x4.replace_lane(f32x4.replace_lane(f32x4.replace_lane(f32x4.splat(stretch(a1)), 1, stretch(a2)), 2, stretch(a3)), 3, stretch(a4));
    const x1 = f32x4.replace_lane(f32x4.replace_lane(f32x4.replace_lane(f32x4.splat(stretch(a6)), 1, stretch(ad)), 2, stretch(ap)), 3, m);
    const w0 = v128.load(w);
    const w1 = v128.load(w + 16);
    const products = f32x4.add(f32x4.mul(x0, w0), f32x4.mul(x1, w1));
    const pairs = f32x4.add(products, v128.shuffle<f32>(products, products, 2, 3, 0, 1));
    let dot: f32 = f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 1);
    if (dot > 11.99) dot = 11.99;
    if (dot < -11.99) dot = -11.99;
    const position = <i32>((dot + 12) * <f32>(2048.0 / 12.0));
    const mixed: i32 = load<u16>(squashTable + (<usize>position << 1));
    // refined by how often such a confidence was right after this byte's beginning
    const ra = refine + (<usize>(((node | (i >= 4 ? 0 : 256)) << 5) | (<u32>position >>> 7)) << 2);
    let p: u32 = (<u32>mixed + (load<u32>(ra) >>> 16)) >>> 1;
    if (p < 16) p = 16;
    if (p > 65520) p = 65520;
    const y = direction == learning ? bit : codeBit(bit, p);

    const error: f32 = (<f32>(y ? 65536 : 0) - <f32>mixed) * <f32>(1.0 / 65536) * <f32>0.02;
    const e = f32x4.splat(error);
    v128.store(w, f32x4.add(w0, f32x4.mul(x0, e)));
    v128.store(w + 16, f32x4.add(w1, f32x4.mul(x1, e)));
    counterUpdate(a1, y, 250);
    counterUpdate(a2, y, 250);
    counterUpdate(a3, y, 250);
    counterUpdate(a4, y, 250);
    counterUpdate(a6, y, 250);
    counterUpdate(ad, y, 250);
    counterUpdate(ap, y, 250);
    if (am != 0) counterUpdate(am, y, 1000);
    counterUpdate(ra, y, 60);
    node = (node << 1) | y;
  }
  const coded = node & 255;
  if (direction == 1) store<u8>(at, <u8>coded);
  matchLength = matchLength > 0 && coded == (expected & 255) ? min(matchLength + 1, 65535) : 0;
  if (guess != 0) diagonalRun = coded == (guess & 255) ? min(diagonalRun + 1, 15) : 0;
}
