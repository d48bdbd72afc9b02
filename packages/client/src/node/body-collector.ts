/** Puts an answer's body together: in the memory handed in if it fits there, else in memory of its own. */
export class BodyCollector {
  readonly #bytesMax: number;
  #memory: Uint8Array;
  #length = 0;

  constructor(bytesMax: number, into: Uint8Array = new Uint8Array(0)) {
    this.#bytesMax = bytesMax;
    this.#memory = into;
  }

  /** What has arrived, as a view. */
  get bytes(): Uint8Array {
    return this.#memory.subarray(0, this.#length);
  }

  /** So many bytes will come, or 0 if nobody knows. Throws a RangeError if they are too many. */
  announce(length: number): void {
    this.#check(length);
    if (length > this.#memory.length) this.#move(length);
  }

  /** Throws a RangeError when more come than may. */
  add(piece: Uint8Array): void {
    const end = this.#length + piece.length;
    this.#check(end);
    if (end > this.#memory.length) this.#move(Math.min(this.#bytesMax, 2 * end));
    this.#memory.set(piece, this.#length);
    this.#length = end;
  }

  #check(length: number): void {
    if (length > this.#bytesMax) throw new RangeError(`more than ${this.#bytesMax} bytes`);
  }

  #move(capacity: number): void {
    const memory = Buffer.allocUnsafeSlow(capacity);
    memory.set(this.bytes);
    this.#memory = memory;
  }
}
