// Lengths of equal runs, 16 bytes at a time.

/** How many bytes at `a` and `b` are equal, up to `max`. */
export function equalForward(a: usize, b: usize, max: i32): i32 {
  let n: i32 = 0;
  while (n + 64 <= max) {
    const x = v128.xor(v128.load(a + n), v128.load(b + n));
    const y = v128.xor(v128.load(a + n + 16), v128.load(b + n + 16));
    const z = v128.xor(v128.load(a + n + 32), v128.load(b + n + 32));
    const w = v128.xor(v128.load(a + n + 48), v128.load(b + n + 48));
    if (v128.any_true(v128.or(v128.or(x, y), v128.or(z, w)))) break;
    n += 64;
  }
  while (n + 16 <= max) {
    const mask = i8x16.bitmask(i8x16.eq(v128.load(a + n), v128.load(b + n)));
    if (mask != 0xffff) return n + ctz(~mask);
    n += 16;
  }
  while (n < max && load<u8>(a + n) == load<u8>(b + n)) n++;
  return n;
}

/** How many bytes before `a` and `b` are equal, up to `max`. */
export function equalBackward(a: usize, b: usize, max: i32): i32 {
  let n: i32 = 0;
  while (n + 16 <= max) {
    const mask = i8x16.bitmask(i8x16.eq(v128.load(a - n - 16), v128.load(b - n - 16)));
    if (mask != 0xffff) return n + clz((~mask & 0xffff) << 16);
    n += 16;
  }
  while (n < max && load<u8>(a - n - 1) == load<u8>(b - n - 1)) n++;
  return n;
}
