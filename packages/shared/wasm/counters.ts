// Probabilities of single bits. A counter is 22 bits of probability and 10 of how often it was met: it learns by 1/n first, then by 1/limit.
import { rateTable } from "./layout";

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
