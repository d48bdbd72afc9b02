// The range coder (Martin 1979; with 32 bits and carries into what is written), for bits and for symbols of sixteen.
// One function codes in both directions, so that encoder and decoder cannot disagree about a context.

export const encoding: i32 = 0;
export const decoding: i32 = 1;
/** Only the models learn: nothing is coded. */
export const learning: i32 = 2;

export let direction: i32 = encoding;
let low: u32 = 0;
let range: u32 = 0;
/** A decoder's: what the stream says, less `low`. */
let code: u32 = 0;
/** A decoder's: the last four bytes that it has read. */
let window: u32 = 0;
let at: usize = 0;
let end: usize = 0;
let start: usize = 0;

const rangeMin: u32 = 1 << 24;

export function setDirection(to: i32): void {
  direction = to;
}

export function startEncoder(out: usize, outEnd: usize): void {
  direction = encoding;
  low = 0;
  range = 0xffffffff;
  start = out;
  at = out;
  end = outEnd;
}

export function startDecoder(from: usize, to: usize): void {
  direction = decoding;
  range = 0xffffffff;
  start = from;
  at = from;
  end = to;
  window = 0;
  for (let i = 0; i < 4; i++) window = (window << 8) | next();
  code = window;
}

/** Past its end a stream reads as zeros: the encoder leaves those away. */
@inline
function next(): u32 {
  const byte: u32 = at < end ? load<u8>(at) : 0;
  at++;
  return byte;
}

@inline
function put(byte: u8): void {
  if (at < end) store<u8>(at, byte);
  at++;
}

/** `low` has grown past 32 bits: one more in what was written. */
function carry(): void {
  let place = at - 1;
  while (place >= start && place < end) {
    const byte = load<u8>(place) + 1;
    store<u8>(place, byte);
    if (byte != 0) return;
    place--;
  }
}

/** The shortest bytes, as the upper ones of a word, whose continuation by zeros lies in the range from `from`; they may lie past 2 ** 32. */
@inline
function finalWord(from: u32): u32 {
  for (let bits: u32 = 0; bits < 32; bits += 8) {
    const rest: u32 = bits == 0 ? 0xffffffff : (<u32>1 << (32 - bits)) - 1;
    const value: u32 = bits == 0 ? 0 : (from + rest) & ~rest;
    if (value - from < range) return value;
  }
  return from;
}

/** The encoder's length in bytes; the stream is complete after it. */
export function finishEncoder(): u32 {
  const word = finalWord(low);
  if (word < low) carry();
  for (let rest = word; rest != 0; rest <<= 8) put(<u8>(rest >>> 24));
  while (at > start && at <= end && load<u8>(at - 1) == 0) at--;
  return <u32>(at - start);
}

/** The stream is, to the byte, what the encoder would have written. */
export function decoderIsExact(): bool {
  if (code >= range || finalWord(window - code) != window) return false;
  if (end > start && load<u8>(end - 1) == 0) return false;
  const shifted = at - 4;
  return window == 0 ? end <= shifted : end == shifted + 4 - (ctz(window) >>> 3);
}

/** The encoder has written past the room it was given: what it made is no good. */
export function encoderOverflowed(): bool {
  return at > end;
}

@inline
function normalize(): void {
  while (range < rangeMin) {
    range <<= 8;
    if (direction == decoding) {
      const byte = next();
      code = (code << 8) | byte;
      window = (window << 8) | byte;
    } else {
      put(<u8>(low >>> 24));
      low <<= 8;
    }
  }
}

/** Leaves the lower part of the range aside. */
@inline
function skip(part: u32): void {
  if (direction == decoding) code -= part;
  else {
    low += part;
    if (low < part) carry();
  }
}

/** Codes one bit of which `probability` of 65536 (1 to 65535) says how likely it is 1. */
@inline
export function codeBit(bit: i32, probability: u32): i32 {
  const part: u32 = (range >>> 16) * probability;
  if (direction == decoding) bit = code < part ? 1 : 0;
  if (bit) range = part;
  else {
    skip(part);
    range -= part;
  }
  normalize();
  return bit;
}

/** A number below `count`, which is 65536 at most, all of them as likely. */
@inline
function codeEqual(value: u32, count: u32): u32 {
  const part: u32 = range / count;
  if (direction == decoding) value = min(code / part, count - 1);
  skip(part * value);
  range = part;
  normalize();
  return value;
}

/** `bits` of equal weight. */
export function codeDirect(value: u32, bits: i32): u32 {
  let result: u32 = 0;
  while (bits > 0) {
    const now = min(bits, 16);
    bits -= now;
    result = (result << now) | codeEqual((value >>> bits) & ((1 << now) - 1), 1 << now);
  }
  return result;
}

/** A number below `count`, all of them as likely. The decoder's may be above. */
export function codeUniform(value: u32, count: u32): u32 {
  if (count <= 65536) return codeEqual(value, count);
  const upper = codeEqual(value >>> 12, (count + 4095) >>> 12);
  return (upper << 12) | codeEqual(value & 4095, 4096);
}

/** Sixteen cumulative frequencies of 32768, and the last behind them. */
const cumulative: usize = memory.data(48, 16);

/** The first of the frequencies is 0, and each is above the one before. */
@inline
export function codeNibble(lower: v128, upper: v128, symbol: i32): i32 {
  v128.store(cumulative, lower);
  v128.store(cumulative, upper, 16);
  store<u16>(cumulative, 32768, 32);
  const part = range >>> 15;
  if (direction == decoding) {
    const value = i16x8.splat(<i16>min(code / part, 32767));
    symbol = popcnt(i8x16.bitmask(i8x16.narrow_i16x8_s(i16x8.le_s(lower, value), i16x8.le_s(upper, value)))) - 1;
  }
  const place = cumulative + (<usize>symbol << 1);
  const from: u32 = load<u16>(place);
  skip(part * from);
  range = part * (load<u16>(place, 2) - from);
  normalize();
  return symbol;
}
