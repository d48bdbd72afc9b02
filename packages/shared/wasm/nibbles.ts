// Symbols of sixteen. A context keeps the shares that it saw, cumulated, and moves them towards each symbol it meets; several are weighed.
import { codeNibble } from "./coder";

/** Sixteen words of 16 bits, each the share of all symbols below its own. The first would be 0: it counts how often the context was met. */
export const contextBytes: usize = 32;
/** The shares of a context together; in the coder's 32768 every symbol has {@link leastShare} more. */
const allShares: i32 = 32730;
const leastShare: i16 = 2;

/** 32768 / (n + 1.6) as u16 */
const rates: usize = memory.data(512, 16);

export function buildRates(): void {
  for (let n: usize = 0; n < 256; n++) store<u16>(rates + (n << 1), <u16>(32768.0 / (<f64>n + 1.6)));
}

@inline
function withoutCount(lower: v128): v128 {
  return v128.and(lower, i16x8(0, -1, -1, -1, -1, -1, -1, -1));
}
@inline
function lowerLeast(): v128 {
  return i16x8(0, leastShare, 2 * leastShare, 3 * leastShare, 4 * leastShare, 5 * leastShare, 6 * leastShare, 7 * leastShare);
}
@inline
function upperLeast(): v128 {
  return i16x8.add(lowerLeast(), i16x8.splat(8 * leastShare));
}

/** Contexts that expect the first `symbols` alike. */
export function clearContexts(from: usize, count: u32, symbols: i32): void {
  for (let i: i32 = 0; i < 16; i++) store<u16>(from + (<usize>i << 1), <u16>((allShares * min(i, symbols)) / symbols));
  const lower = v128.load(from),
    upper = v128.load(from, 16);
  for (let context = from, to = from + <usize>count * contextBytes; context < to; context += contextBytes) {
    v128.store(context, lower);
    v128.store(context, upper, 16);
  }
}

@inline
function learn(context: usize, lower: v128, upper: v128, symbol: i32, limit: u32): void {
  const count: u32 = load<u16>(context);
  const rate = i16x8.splat(load<i16>(rates + (<usize>count << 1)));
  const met = i16x8.splat(<i16>symbol);
  const all = i16x8.splat(<i16>allShares);
  const lowerGoal = v128.and(i16x8.gt_s(i16x8(0, 1, 2, 3, 4, 5, 6, 7), met), all);
  const upperGoal = v128.and(i16x8.gt_s(i16x8(8, 9, 10, 11, 12, 13, 14, 15), met), all);
  v128.store(context, i16x8.add(lower, i16x8.q15mulr_sat_s(i16x8.sub(lowerGoal, lower), rate)));
  v128.store(context, i16x8.add(upper, i16x8.q15mulr_sat_s(i16x8.sub(upperGoal, upper), rate)), 16);
  store<u16>(context, <u16>(count < limit ? count + 1 : count));
}

export function codeByOne(context: usize, symbol: i32, limit: u32): i32 {
  const lower = withoutCount(v128.load(context)),
    upper = v128.load(context, 16);
  symbol = codeNibble(i16x8.add(lower, lowerLeast()), i16x8.add(upper, upperLeast()), symbol);
  learn(context, lower, upper, symbol, limit);
  return symbol;
}

/** By the mean of what two contexts say. */
export function codeByTwo(a: usize, b: usize, symbol: i32, limit: u32): i32 {
  const a0 = withoutCount(v128.load(a)),
    a1 = v128.load(a, 16);
  const b0 = withoutCount(v128.load(b)),
    b1 = v128.load(b, 16);
  symbol = codeNibble(i16x8.add(i16x8.avgr_u(a0, b0), lowerLeast()), i16x8.add(i16x8.avgr_u(a1, b1), upperLeast()), symbol);
  learn(a, a0, a1, symbol, limit);
  learn(b, b0, b1, symbol, limit);
  return symbol;
}

@inline
function shareOf(context: usize, symbol: i32): i32 {
  const place = context + (<usize>symbol << 1);
  const from: i32 = load<u16>(place),
    to: i32 = load<u16>(place, 2);
  return (symbol == 15 ? allShares : to) - (symbol == 0 ? 0 : from);
}

/** By what four contexts say, weighed by how well each of them did with these weights, which are four f32 whose sum is 1. */
@inline
export function codeByFour(a: usize, b: usize, c: usize, d: usize, weights: usize, symbol: i32, limit: u32): i32 {
  const a0 = withoutCount(v128.load(a)),
    a1 = v128.load(a, 16);
  const b0 = withoutCount(v128.load(b)),
    b1 = v128.load(b, 16);
  const c0 = withoutCount(v128.load(c)),
    c1 = v128.load(c, 16);
  const d0 = withoutCount(v128.load(d)),
    d1 = v128.load(d, 16);
  const w = v128.load(weights);
  const whole = i32x4.trunc_sat_f32x4_s(f32x4.mul(w, f32x4.splat(32766)));
  const wa = i16x8.splat(<i16>i32x4.extract_lane(whole, 0)),
    wb = i16x8.splat(<i16>i32x4.extract_lane(whole, 1)),
    wc = i16x8.splat(<i16>i32x4.extract_lane(whole, 2)),
    wd = i16x8.splat(<i16>i32x4.extract_lane(whole, 3));
  const lower = i16x8.add(
    i16x8.add(i16x8.q15mulr_sat_s(a0, wa), i16x8.q15mulr_sat_s(b0, wb)),
    i16x8.add(i16x8.q15mulr_sat_s(c0, wc), i16x8.q15mulr_sat_s(d0, wd)),
  );
  const upper = i16x8.add(
    i16x8.add(i16x8.q15mulr_sat_s(a1, wa), i16x8.q15mulr_sat_s(b1, wb)),
    i16x8.add(i16x8.q15mulr_sat_s(c1, wc), i16x8.q15mulr_sat_s(d1, wd)),
  );
  symbol = codeNibble(i16x8.add(lower, lowerLeast()), i16x8.add(upper, upperLeast()), symbol);
  const shares = i32x4.replace_lane(
    i32x4.replace_lane(i32x4.replace_lane(i32x4.splat(shareOf(a, symbol)), 1, shareOf(b, symbol)), 2, shareOf(c, symbol)),
    3,
    shareOf(d, symbol),
  );
  learn(a, a0, a1, symbol, limit);
  learn(b, b0, b1, symbol, limit);
  learn(c, c0, c1, symbol, limit);
  learn(d, d0, d1, symbol, limit);
  const better = f32x4.mul(w, f32x4.add(f32x4.convert_i32x4_s(shares), f32x4.splat(48)));
  const pairs = f32x4.add(better, v128.shuffle<f32>(better, better, 2, 3, 0, 1));
  const sum = f32x4.add(pairs, v128.shuffle<f32>(pairs, pairs, 1, 0, 3, 2));
  v128.store(weights, f32x4.add(f32x4.mul(better, f32x4.div(f32x4.splat(0.985), sum)), f32x4.splat(0.015 / 4)));
  return symbol;
}

/** As many sets of four weights, all alike. */
export function clearWeights(from: usize, sets: u32): void {
  const quarter = f32x4.splat(0.25);
  for (let set = from, to = from + (<usize>sets << 4); set < to; set += 16) v128.store(set, quarter);
}
