// The binary arithmetic coder (carryless, 32 bits, as in lpaq) and the adaptive bits of operations' fields.
// One function codes in both directions, so that encoder and decoder cannot disagree about a context.
import { fieldSlotCount, fieldSlots, rateTable } from "./layout";

export const encoding: i32 = 0;
export const decoding: i32 = 1;
/** Only the models learn: nothing is coded. */
export const learning: i32 = 2;

export let direction: i32 = encoding;
let low: u32 = 0;
let high: u32 = 0;
let code: u32 = 0;
let at: usize = 0;
let end: usize = 0;
let start: usize = 0;

export function setDirection(to: i32): void {
  direction = to;
}

export function startEncoder(out: usize, outEnd: usize): void {
  direction = encoding;
  low = 0;
  high = 0xffffffff;
  start = out;
  at = out;
  end = outEnd;
}

export function startDecoder(from: usize, to: usize): void {
  direction = decoding;
  low = 0;
  high = 0xffffffff;
  start = from;
  at = from;
  end = to;
  code = 0;
  for (let i = 0; i < 4; i++) code = (code << 8) | next();
}

/** Past its end a stream reads as zeros: the encoder leaves those away. */
@inline
function next(): u32 {
  const byte: u32 = at < end ? load<u8>(at) : 0;
  at++;
  return byte;
}

/** The shortest bytes, as the upper ones of a word, whose continuation by zeros lies in [low, high]. */
function finalWord(): u32 {
  if (low == 0) return 0;
  for (let bits: u32 = 8; bits < 32; bits += 8) {
    const rest = (<u32>1 << (32 - bits)) - 1;
    const value = (low + rest) & ~rest;
    if (value >= low && value <= high) return value;
  }
  return low;
}

/** The encoder's length in bytes; the stream is complete after it. */
export function finishEncoder(): u32 {
  for (let word = finalWord(); word != 0; word <<= 8) put(<u8>(word >>> 24));
  while (at > start && at <= end && load<u8>(at - 1) == 0) at--;
  return <u32>(at - start);
}

/** The stream is, to the byte, what the encoder would have written. */
export function decoderIsExact(): bool {
  const word = finalWord();
  if (code != word) return false;
  if (end > start && load<u8>(end - 1) == 0) return false;
  const shifted = at - 4;
  return word == 0 ? end <= shifted : end == shifted + 4 - (ctz(word) >>> 3);
}

@inline
function put(byte: u8): void {
  if (at < end) store<u8>(at, byte);
  at++;
}

/** The encoder has written past the room it was given: what it made is no good. */
export function encoderOverflowed(): bool {
  return at > end;
}

/** Codes one bit of which `probability` of 65536 (1 to 65535) says how likely it is 1. */
@inline
export function codeBit(bit: i32, probability: u32): i32 {
  const middle: u32 = low + <u32>((<u64>(high - low) * <u64>probability) >>> 16);
  if (direction == decoding) bit = code <= middle ? 1 : 0;
  if (bit) high = middle;
  else low = middle + 1;
  while (((low ^ high) & 0xff000000) == 0) {
    if (direction == decoding) code = (code << 8) | next();
    else put(<u8>(high >>> 24));
    low <<= 8;
    high = (high << 8) | 255;
  }
  return bit;
}

// A counter is 22 bits of probability and 10 of how often it was met: it learns by 1/n first, then by 1/limit.

@inline
export function counterUpdate(slot: usize, bit: i32, limit: u32): void {
  const value = load<u32>(slot);
  const count = value & 1023;
  const probability: i32 = <i32>(value >>> 10);
  const goal: i32 = bit ? 4194303 : 0;
  const moved = probability + <i32>((<i64>(goal - probability) * <i64>load<u16>(rateTable + (<usize>count << 1))) >> 16);
  store<u32>(slot, (<u32>moved << 10) | (count < limit ? count + 1 : count));
}

export function clearCounters(from: usize, count: u32): void {
  const half = i32x4.splat(0x80000000);
  for (let slot = from, to = from + (<usize>count << 2); slot < to; slot += 16) v128.store(slot, half);
}

export function clearFields(): void {
  clearCounters(fieldSlots, fieldSlotCount);
}

export function codeField(slot: u32, bit: i32): i32 {
  const address = fieldSlots + (<usize>slot << 2);
  let probability = load<u32>(address) >>> 16;
  if (probability < 64) probability = 64;
  else if (probability > 65472) probability = 65472;
  bit = codeBit(bit, probability);
  counterUpdate(address, bit, 30);
  return bit;
}

/** `bits` of equal weight, most significant first. */
export function codeDirect(value: u32, bits: i32): u32 {
  let result: u32 = 0;
  while (bits > 0) {
    bits--;
    result = (result << 1) | codeBit((value >>> bits) & 1, 32768);
  }
  return result;
}

/** A number below `count`, all of them as likely. */
export function codeUniform(value: u32, count: u32): u32 {
  let from: u32 = 0;
  for (let bits = 32 - clz(count - 1) - 1; bits >= 0; bits--) {
    const middle = from + (<u32>1 << bits);
    if (middle >= count) continue;
    const upper = min(count, middle + (<u32>1 << bits)) - middle;
    const p = <u32>((<u64>upper << 16) / (upper + (<u32>1 << bits)));
    if (codeBit(value >= middle ? 1 : 0, max(p, 1))) from = middle;
  }
  return from;
}

/** A number below 2 ** bits by a tree of adaptive bits at `slot`, which takes 2 ** bits slots. */
export function codeTree(slot: u32, value: u32, bits: i32): u32 {
  let node: u32 = 1;
  while (bits > 0) {
    bits--;
    node = (node << 1) | codeField(slot + node, (value >>> bits) & 1);
  }
  return node;
}

/** One bit by two counters of different contexts: the mean of what they say. */
function codeFieldOfTwo(a: u32, b: u32, bit: i32): i32 {
  const first = fieldSlots + (<usize>a << 2),
    second = fieldSlots + (<usize>b << 2);
  let probability = ((load<u32>(first) >>> 16) + (load<u32>(second) >>> 16)) >>> 1;
  if (probability < 64) probability = 64;
  else if (probability > 65472) probability = 65472;
  bit = codeBit(bit, probability);
  counterUpdate(first, bit, 60);
  counterUpdate(second, bit, 60);
  return bit;
}

const adaptiveBits: u32 = 5;
/** Slots that {@link codeNumber} takes: the lengths' tree, and five adaptive bits below the leading one of each length. */
export const numberSlots: u32 = 32 + (32 << adaptiveBits);

/**
 * A number below 2 ** 30: how many bits it has after adding one (0 stands for "unbounded", as -1), then those bits.
 * The five below the leading one are adaptive. Two contexts speak of it, each with slots of its own.
 */
export function codeNumber(a: u32, b: u32, value: i32): i32 {
  const wanted: u32 = <u32>(value + 1);
  const bitsWanted: u32 = value < 0 ? 0 : 32 - clz(wanted);
  let node: u32 = 1;
  for (let i = 4; i >= 0; i--) node = (node << 1) | codeFieldOfTwo(a + node, b + node, (bitsWanted >>> i) & 1);
  const bits = <i32>(node - 32);
  if (bits == 0) return -1;
  let result: u32 = 1;
  let left = bits - 1;
  const below: u32 = 32 + (bits << adaptiveBits);
  while (left > 0 && result < 1 << adaptiveBits) {
    left--;
    result = (result << 1) | codeFieldOfTwo(a + below + result, b + below + result, (wanted >>> left) & 1);
  }
  if (left > 0) result = (result << left) | codeDirect(wanted & ((1 << left) - 1), left);
  return <i32>(result - 1);
}
