// The fields of operations: bits, kinds and numbers, each in contexts of its own.
import { codeBit, codeDirect } from "./coder";
import { clearCounters, counterUpdate } from "./counters";
import { fieldBitCount, fieldBits, fields, fieldsBytes, kindContextCount, kindContexts, kindCount } from "./layout";
import { clearContexts, codeByTwo, contextBytes } from "./nibbles";

export function clearFields(): void {
  clearCounters(fieldBits, fieldBitCount);
  clearContexts(kindContexts, kindContextCount, kindCount);
  clearContexts(fields, fieldsBytes / <u32>contextBytes, 16);
}

export function codeFlag(slot: u32, bit: i32): i32 {
  const address = fieldBits + (<usize>slot << 2);
  let probability = load<u32>(address) >>> 16;
  if (probability < 64) probability = 64;
  else if (probability > 65472) probability = 65472;
  bit = codeBit(bit, probability);
  counterUpdate(address, bit, 30);
  return bit;
}

const learnedSymbols: u32 = 60;

/** A kind of copy, in two contexts of their number. */
export function codeKind(a: u32, b: u32, kind: i32): i32 {
  return codeByTwo(kindContexts + <usize>a * contextBytes, kindContexts + <usize>b * contextBytes, kind, learnedSymbols);
}

const directBelow: i32 = 9;
const bitsMin: i32 = 4;
const longBits: i32 = 10;
/** Contexts that {@link codeNumber} takes: of the first symbol, of long numbers' bits, and of the bits below the leading one by their number. */
export const numberContexts: u32 = 24;
export const numberBytes: u32 = numberContexts * <u32>contextBytes;

/**
 * A number from -1, which stands for "all that is left", to 2 ** 25 - 2: plus one, the first symbol is the number itself below 9, or
 * tells how many bits it has. The four below the leading one are a symbol, the rest of equal weight. Two contexts speak of it, each with
 * places of its own.
 */
export function codeNumber(a: u32, b: u32, value: i32): i32 {
  const wanted: u32 = <u32>(value + 1);
  const at = fields + <usize>a * numberBytes,
    at2 = fields + <usize>b * numberBytes;
  const bitsWanted = 32 - clz(wanted);
  const first = codeByTwo(at, at2, <i32>wanted < directBelow ? <i32>wanted : min(<i32>bitsWanted - bitsMin + directBelow, 15), learnedSymbols);
  if (first < directBelow) return first - 1;
  let bits = first - directBelow + bitsMin;
  if (bits == longBits) bits += codeByTwo(at + contextBytes, at2 + contextBytes, bitsWanted - longBits, learnedSymbols);
  const below = <usize>(2 + bits - bitsMin) * contextBytes;
  const left = max(bits - 5, 0);
  const learned = bits - 1 - left;
  let result: u32 = (1 << learned) | codeByTwo(at + below, at2 + below, (wanted >>> left) & ((1 << learned) - 1), learnedSymbols);
  if (left > 0) result = (result << left) | codeDirect(wanted & ((1 << left) - 1), left);
  return <i32>(result - 1);
}
