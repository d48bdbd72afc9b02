// The model for short runs along the diagonal, as in executables whose addresses moved: it codes new less old, byte by byte,
// since the same differences come again where the bytes themselves do not (bsdiff, Percival 2003).
import { clearCounters, codeBit, counterUpdate, decoding, direction } from "./coder";
import { scratch, squashTable, stretchTable } from "./layout";

/** Longer runs are new bytes rather than changed ones. */
export const differenceRunBytesMax: i32 = 16;

const inputs: i32 = 4;
const weightSets: u32 = 512;
const weights: usize = scratch + 8 * 1024 * 1024;
const tables: usize = weights + weightSets * inputs * 4;
const tableBits: u32 = 15;
const tableBytes: usize = <usize>4 << tableBits;

/** The last two runs' differences by length of the run and place in it. */
const last = memory.data(17 * 16 * 2);

export function startDifferences(): void {
  clearCounters(tables, inputs << tableBits);
  for (let i: u32 = 0; i < weightSets * inputs; i++) store<f32>(weights + (<usize>i << 2), 0.4);
  memory.fill(last, 0, 17 * 16 * 2);
}

@inline
function slot(table: u32, hash: u32): usize {
  hash ^= hash >>> 15;
  return tables + <usize>table * tableBytes + (<usize>((hash * 0x9e3779b1) >>> (32 - tableBits + 4)) << 6);
}

@inline
function stretch(counter: usize): f32 {
  return load<f32>(stretchTable + (<usize>(load<u32>(counter) >>> 20) << 2));
}

/** Codes `count` bytes at `at`, of which `old` are the ones in the base; both have readable neighbours. */
export function codeDifferences(at: usize, old: usize, count: i32): void {
  let d1: u32 = 0,
    d2: u32 = 0,
    d3: u32 = 0;
  for (let k = 0; k < count; k++) {
    const before = last + (<usize>((count << 4) + k) << 1);
    const place: u32 = (count << 4) | k;
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
    let sHistory: usize = 0,
      sBytes: usize = 0,
      sOld: usize = 0,
      sRun: usize = 0;
    let node: u32 = 1;
    const w = weights + (<usize>place << 4);
    for (let i: i32 = 7; i >= 0; i--) {
      if (i == 7 || i == 3) {
        const n = i == 7 ? 0 : node * 0x3ac5d673;
        sHistory = slot(0, hHistory + n);
        sBytes = slot(1, hBytes + n);
        sOld = slot(2, hOld + n);
        sRun = slot(3, hRun + n);
      }
      const inner: usize = <usize>(i >= 4 ? node : ((node & ((1 << (3 - i)) - 1)) | (1 << (3 - i)))) << 2;
      const x = f32x4.replace_lane(
        f32x4.replace_lane(f32x4.replace_lane(f32x4.splat(stretch(sHistory + inner)), 1, stretch(sOld + inner)), 2, stretch(sRun + inner)),
        3,
        stretch(sBytes + inner),
      );
      const w0 = v128.load(w);
      const products = f32x4.mul(x, w0);
      const pairs = f32x4.add(products, v128.shuffle<f32>(products, products, 2, 3, 0, 1));
      let dot: f32 = f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 1);
      if (dot > 11.99) dot = 11.99;
      if (dot < -11.99) dot = -11.99;
      const mixed: i32 = load<u16>(squashTable + (<usize><i32>((dot + 12) * <f32>(2048.0 / 12.0)) << 1));
      const y = codeBit((symbol >>> i) & 1, mixed);
      const e = f32x4.splat((<f32>(y ? 65536 : 0) - <f32>mixed) * <f32>(0.02 / 65536.0));
      v128.store(w, f32x4.add(w0, f32x4.mul(x, e)));
      counterUpdate(sHistory + inner, y, 120);
      counterUpdate(sBytes + inner, y, 120);
      counterUpdate(sOld + inner, y, 120);
      counterUpdate(sRun + inner, y, 120);
      node = (node << 1) | y;
    }
    const coded = node & 255;
    if (direction == decoding) store<u8>(at + k, <u8>(coded + guess));
    store<u8>(before, <u8>e1, 1);
    store<u8>(before, <u8>coded);
    d3 = d2;
    d2 = d1;
    d1 = coded;
  }
}
