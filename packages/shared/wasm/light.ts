// The literal model for more bytes than model.ts has time for: four contexts, no match, no refinement.
import { codeBit, counterUpdate, clearCounters, decoding, direction } from "./coder";
import { scratch, squashTable, stretchTable } from "./layout";

const weightSets: u32 = 16;
const weights: usize = scratch;
const tables: usize = weights + weightSets * 16;
const tableBits: u32 = 17;
const tableBytes: usize = <usize>4 << tableBits;
let diagonalRun: i32 = 0;

export function startLight(): void {
  clearCounters(tables, 4 << tableBits);
  for (let i: u32 = 0; i < weightSets * 4; i++) store<f32>(weights + (<usize>i << 2), 0.35);
  diagonalRun = 0;
}

@inline
function slot(table: u32, hash: u32): usize {
  return tables + <usize>table * tableBytes + (<usize>((hash * 0x9e3779b1) >>> (32 - tableBits + 4)) << 6);
}

@inline
function stretch(counter: usize): f32 {
  return load<f32>(stretchTable + (<usize>(load<u32>(counter) >>> 20) << 2));
}

/** As codeLiteral of model.ts. */
export function codeLightLiteral(at: usize, foretold: i32, after: u32): void {
  const byte: u32 = direction == decoding ? 0 : load<u8>(at);
  const c4: u32 = load<u32>(at - 4);
  const c1 = c4 >>> 24;
  const guess: u32 = foretold < 0 ? 0 : <u32>foretold | 256;
  const h1 = c1 << 8;
  const h2 = (c4 >>> 16) * 0x3d4d51cb + 1;
  const hd = guess < 256 ? (c4 >>> 8) * 0x2f0b4c47 + 2 : guess * 0x45d9f3b + <u32>(diagonalRun > 2 ? 3 : diagonalRun) * 0x119de1f3;
  const hp = guess < 256 ? c4 * 0x5bd1e995 + 3 : (guess * 0x1b873593) ^ (after * 0x85ebca6b) ^ (c1 * 0xc2b2ae35);
  let s1: usize = 0,
    s2: usize = 0,
    sd: usize = 0,
    sp: usize = 0;
  let node: u32 = 1;
  for (let i: i32 = 7; i >= 0; i--) {
    if (i == 7 || i == 3) {
      const n = i == 7 ? 0 : node * 0x3ac5d673;
      s1 = slot(0, h1 * 0x1000193 + n);
      s2 = slot(1, h2 + n);
      sd = slot(2, hd + n);
      sp = slot(3, hp + n);
    }
    const inner: usize = <usize>(i >= 4 ? node : ((node & ((1 << (3 - i)) - 1)) | (1 << (3 - i)))) << 2;
    const a1 = s1 + inner,
      a2 = s2 + inner,
      ad = sd + inner,
      ap = sp + inner;
    let set: u32 = 0;
    if (guess != 0) set = guess >>> (i + 1) == node ? 2 + <u32>(diagonalRun > 2 ? 3 : diagonalRun) : 1;
    const w = weights + (<usize>set << 4);
    const x = f32x4.replace_lane(f32x4.replace_lane(f32x4.replace_lane(f32x4.splat(stretch(a1)), 1, stretch(a2)), 2, stretch(ad)), 3, stretch(ap));
    const w0 = v128.load(w);
    const products = f32x4.mul(x, w0);
    const pairs = f32x4.add(products, v128.shuffle<f32>(products, products, 2, 3, 0, 1));
    let dot: f32 = f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 1);
    if (dot > 11.99) dot = 11.99;
    if (dot < -11.99) dot = -11.99;
    const mixed: i32 = load<u16>(squashTable + (<usize><i32>((dot + 12) * <f32>(2048.0 / 12.0)) << 1));
    const y = codeBit((byte >>> i) & 1, mixed);
    const error: f32 = (<f32>(y ? 65536 : 0) - <f32>mixed) * <f32>(0.02 / 65536.0);
    v128.store(w, f32x4.add(w0, f32x4.mul(x, f32x4.splat(error))));
    counterUpdate(a1, y, 250);
    counterUpdate(a2, y, 250);
    counterUpdate(ad, y, 250);
    counterUpdate(ap, y, 250);
    node = (node << 1) | y;
  }
  const coded = node & 255;
  if (direction == decoding) store<u8>(at, <u8>coded);
  if (guess != 0) diagonalRun = coded == (guess & 255) ? min(diagonalRun + 1, 15) : 0;
}
