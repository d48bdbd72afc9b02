/**
 * Every schedule of a small world, depth first. Runs are repeated from the start, and one that comes to a state where another
 * was ends there: what can follow has been seen.
 */
import type { Chooser } from "./chooser.ts";
import { type Outcome, SeenBefore, type Theatre } from "./run.ts";

export type Exploration = {
  /** Runs begun, most of which end where an earlier one was. */
  readonly runs: number;
  readonly states: number;
  /** False if it was cut at the bound. */
  readonly isComplete: boolean;
  /** The first that went wrong. */
  readonly failure: Outcome | undefined;
};

/** A run goes on to the rest and the end of everything every so many times: what leaks there leaks in most schedules. */
export const restEvery = 16;

export async function explore(theatre: Theatre, runsMax: number): Promise<Exploration> {
  const seen = new Set<string>();
  const stack: (readonly number[])[] = [[]];
  let runs = 0;
  for (let prefix = stack.pop(); prefix !== undefined; prefix = stack.pop()) {
    if (runs === runsMax) return { runs, states: seen.size, isComplete: false, failure: undefined };
    runs += 1;
    const outcome = await runFrom(theatre, prefix, { seen, stack, rest: runs % restEvery === 0 });
    if (outcome?.violation !== undefined) return { runs, states: seen.size, isComplete: false, failure: outcome };
  }
  return { runs, states: seen.size, isComplete: true, failure: undefined };
}

type Search = { readonly seen: Set<string>; readonly stack: (readonly number[])[]; readonly rest: boolean };

/** Goes the given way, then the dull one, and notes all others on the stack. Undefined if it came to where another was. */
async function runFrom(theatre: Theatre, prefix: readonly number[], { seen, stack, rest }: Search): Promise<Outcome | undefined> {
  const path: number[] = [];
  const look = (): void => {
    const state = theatre.state();
    if (seen.has(state)) throw new SeenBefore();
    seen.add(state);
  };
  const chooser: Chooser = {
    choose(options) {
      const given = prefix[path.length];
      if (given === undefined) {
        look();
        for (let other = options.length - 1; other > 0; other--) stack.push([...path, other]);
      }
      path.push(given ?? 0);
      return given ?? 0;
    },
    atEnd: look,
  };
  try {
    return await theatre.run(chooser, { remember: true, rest });
  } catch (error) {
    if (error instanceof SeenBefore) return undefined;
    throw error;
  }
}
