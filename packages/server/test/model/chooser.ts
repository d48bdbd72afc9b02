/** What happens next, of all that could: by chance from a seed, or as a list says. */
import type { Option } from "./options.ts";

/** Answers the index of an option. The first is always the dull one: the same process goes on, and nothing fails. */
export type Chooser = {
  choose(options: readonly Option[]): number;
  /** Nothing is left to choose. */
  atEnd?(): void;
};

/** mulberry32: 32 bits of state, so that a seed is a number that a person can type. */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Chances per step. Each run draws its own: some are all switches, some nearly sequential with one crash. */
type Temper = { readonly [Kind in Exclude<Option["kind"], "step">]: number } & { readonly preempt: number };

function temperOf(random: () => number): Temper {
  const pick = (...values: readonly number[]): number => values[Math.floor(random() * values.length)] ?? 0;
  return {
    preempt: pick(0.02, 0.1, 0.3, 0.7),
    fault: pick(0, 0.01, 0.05),
    crash: pick(0, 0.01, 0.04),
    replace: pick(0, 0, 0.03),
    land: pick(0.05, 0.3),
    jump: pick(0, 0.02, 0.1),
  };
}

const rareKinds = ["fault", "crash", "replace", "land", "jump"] as const;

/** Few preemptions in most runs: most bugs need one or two at the right place, not many anywhere. */
export function randomChooser(seed: number): Chooser {
  const random = createRandom(seed);
  const temper = temperOf(random);
  const among = (indexes: readonly number[]): number => indexes[Math.floor(random() * indexes.length)] ?? 0;
  return {
    choose(options) {
      if (options.length === 1) return 0;
      for (const kind of rareKinds) {
        if (random() >= temper[kind]) continue;
        const indexes = indexesOf(options, kind);
        if (indexes.length > 0) return among(indexes);
      }
      return random() < temper.preempt ? among(indexesOf(options, "step")) : 0;
    },
  };
}

function indexesOf(options: readonly Option[], kind: Option["kind"]): number[] {
  const indexes: number[] = [];
  for (let index = 0; index < options.length; index++) if (options[index]?.kind === kind) indexes.push(index);
  return indexes;
}

/** A schedule as what is not dull in it: the choice by the number of the step. */
export type Schedule = ReadonlyMap<number, number>;

/** Plays a schedule back. Where it says more than there is to choose from, as after shrinking, the dull option is taken. */
export function replayChooser(schedule: Schedule): Chooser {
  let step = 0;
  return {
    choose(options) {
      const choice = schedule.get(step++) ?? 0;
      return choice < options.length ? choice : 0;
    },
  };
}

/** Notes what another one chooses. */
export function recordingChooser(chooser: Chooser): Chooser & { readonly schedule: Map<number, number> } {
  const schedule = new Map<number, number>();
  let step = 0;
  return {
    schedule,
    atEnd: () => chooser.atEnd?.(),
    choose(options) {
      const choice = chooser.choose(options);
      if (choice !== 0) schedule.set(step, choice);
      step += 1;
      return choice;
    },
  };
}
