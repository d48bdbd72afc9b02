/** Unwritten stretches of a file read as zeros and take no space; file systems keep them in units no larger than this. */
export const holeBytes = 64 * 1024;

const zeros = Buffer.alloc(holeBytes);

export type Run = { readonly start: number; readonly end: number };

/**
 * Which parts of a new file were written, in units of {@link holeBytes}, so that zeros need not be: a part that was
 * never written is zero already. 256 KiB of memory for the largest file.
 */
export class WrittenMap {
  #bits = new Uint8Array(64);

  has(unit: number): boolean {
    return ((this.#bits[unit >> 3] ?? 0) & (1 << (unit & 7))) !== 0;
  }

  add(unit: number): void {
    const byte = unit >> 3;
    if (byte >= this.#bits.length) {
      const grown = new Uint8Array(Math.max(byte + 1, this.#bits.length * 2));
      grown.set(this.#bits);
      this.#bits = grown;
    }
    this.#bits[byte] = (this.#bits[byte] ?? 0) | (1 << (unit & 7));
  }
}

/**
 * The stretches of `bytes` (byte positions within it) that must be written at `offset` of the file; what lies between
 * them is zero and was never written. Marks them as written.
 */
export function runsToWrite(bytes: Uint8Array, offset: number, written: WrittenMap): Run[] {
  const runs: Run[] = [];
  let start: number | undefined;
  for (let at = 0; at < bytes.length;) {
    const unit = Math.floor((offset + at) / holeBytes);
    const end = Math.min(bytes.length, (unit + 1) * holeBytes - offset);
    const skip = !written.has(unit) && isZero(bytes.subarray(at, end));
    if (skip && start !== undefined) {
      runs.push({ start, end: at });
      start = undefined;
    }
    if (!skip) {
      written.add(unit);
      start ??= at;
    }
    at = end;
  }
  if (start !== undefined) runs.push({ start, end: bytes.length });
  return runs;
}

function isZero(bytes: Uint8Array): boolean {
  return zeros.compare(bytes, 0, bytes.length, 0, bytes.length) === 0;
}
