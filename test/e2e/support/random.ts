/** Chance that can be repeated: a failing test prints its seed, and `ASHLAR_SEED` plays it again. */

export type Random = {
  readonly seed: number;
  /** From `min` up to and including `max`. */
  integer(min: number, max: number): number;
  pick<Item>(items: readonly Item[]): Item;
  bytes(count: number): Buffer;
};

/** splitmix32: small, and good enough to choose moments and to fill files that do not compress. */
export function seeded(seed: number): Random {
  let state = seed | 0;
  const word = () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  };
  const integer = (min: number, max: number) => min + (word() % (max - min + 1));
  return {
    seed,
    integer,
    pick(items) {
      const item = items[integer(0, items.length - 1)];
      if (item === undefined) throw new RangeError("nothing to pick from");
      return item;
    },
    bytes(count) {
      const words = new Uint32Array(Math.ceil(count / 4));
      for (let at = 0; at < words.length; at++) words[at] = word();
      return Buffer.from(words.buffer, 0, count);
    },
  };
}

export function seedOfThisRun(): number {
  const given = process.env["ASHLAR_SEED"];
  const seed = given === undefined ? Date.now() | 0 : Number(given);
  console.log(`seed ${seed}: ASHLAR_SEED=${seed} repeats this run`);
  return seed;
}
