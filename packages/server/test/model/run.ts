/** One run: a scenario under a chooser, then rest, then the end of everything. */
import { createHash } from "node:crypto";
import { type Chooser, recordingChooser, replayChooser, type Schedule } from "./chooser.ts";
import type { Store } from "./database.ts";
import { expectNoIdleHolds, expectNothingLeft, Inspector } from "./invariants.ts";
import type { Budget } from "./options.ts";
import type { Process } from "./process.ts";
import { Scheduler, Violation } from "./scheduler.ts";
import { type Scenario, Stage } from "./stage.ts";
import { type Bug, World } from "./world.ts";

const startMs = Date.UTC(2026, 0, 1);
const hour = 3600_000;
export const noTrouble: Budget = { faults: 0, crashes: 0, replacements: 0, jumps: 0, overtakings: 0 };
export const someTrouble: Budget = { faults: 2, crashes: 2, replacements: 1, jumps: 6, overtakings: 6 };
const dull: Chooser = { choose: () => 0 };

export type Outcome = {
  readonly violation: Violation | undefined;
  readonly schedule: Schedule;
  readonly steps: number;
  readonly trace: readonly string[];
};

/** Thrown by a chooser to end a run that has come to where another one was. */
export class SeenBefore extends Error {}

/** A scenario whose past has happened once, to run any number of futures of. */
export class Theatre {
  readonly #world: World;
  readonly #stage: Stage;
  readonly #scenario: Scenario;
  readonly #budget: Budget;
  readonly #bug: Bug | undefined;
  readonly #inspector: Inspector;
  #now = startMs;
  #restore: (() => void) | undefined;

  constructor(store: Store, scenario: Scenario, bug: Bug | undefined, budget: Budget = someTrouble) {
    this.#world = new World(store);
    this.#bug = bug;
    this.#stage = new Stage(this.#world);
    this.#scenario = scenario;
    this.#budget = budget;
    this.#inspector = new Inspector(this.#world);
  }

  async open(): Promise<void> {
    this.#world.store.mark();
    const scheduler = this.#begin(dull, startMs, noTrouble);
    const users = this.#stage.createUsers(this.#scenario.users);
    await scheduler.run();
    await users;
    this.#stage.wakeObjects();
    await this.#scenario.before?.(this.#stage);
    this.#now = scheduler.now;
    this.#restore = this.#world.save();
    // The past was made without it.
    this.#world.bug = this.#bug;
  }

  close(): void {
    this.#world.store.unmark();
    this.#world.store.unmark();
  }

  async run(chooser: Chooser, { tell = false, settle = true, rest = true, remember = false } = {}): Promise<Outcome> {
    this.#restore?.();
    const recording = recordingChooser(chooser);
    const scheduler = this.#begin(recording, this.#now, this.#budget);
    const trace: string[] = [];
    if (tell) scheduler.trace = trace;
    scheduler.remember = remember;
    let violation: Violation | undefined;
    try {
      this.#stage.wakeObjects();
      for (const actor of this.#scenario.actors(this.#stage)) this.#stage.start(actor);
      await scheduler.run();
      if (remember) recording.atEnd?.();
      if (settle) await this.#settle(scheduler.now, tell ? trace : undefined);
      if (rest) await this.#rest(scheduler.now, tell ? trace : undefined);
    } catch (error) {
      if (error instanceof SeenBefore) throw error;
      violation = error instanceof Violation ? error : new Violation("error", String(error instanceof Error ? error.stack : error));
    }
    return { violation, schedule: recording.schedule, steps: scheduler.steps, trace };
  }

  /** All that the future depends on, as a short text; only of a run that remembers. */
  state(): string {
    return createHash("sha1").update(this.#world.scheduler.state()).update(this.#world.dump()).digest("base64");
  }

  #begin(chooser: Chooser, now: number, budget: Budget): Scheduler {
    const world = this.#world;
    const inspect = () => this.#inspector.inspect();
    const hooks = { inspect, restart: (process: Process) => this.#stage.restart(process), nextDeadline: () => world.nextDeadline() };
    return (world.scheduler = new Scheduler(chooser, hooks, now, budget));
  }

  /** Whatever a crash left behind is undone by the next who tends the user. */
  async #settle(now: number, trace: string[] | undefined): Promise<void> {
    await this.#alone(now + hour, trace, (process) => this.#stage.releaseOnce(process));
    expectNoIdleHolds(this.#world);
  }

  /** Time passes and the collector runs: what is needed stays, the rest goes; and with every file deleted, all goes. */
  async #rest(now: number, trace: string[] | undefined): Promise<void> {
    const store = this.#world.store;
    await this.#collect(now + 75 * hour, trace);
    await this.#collect(now + 76 * hour, trace);
    await this.#collect(now + 150 * hour, trace);
    expectNothingLeft(this.#world);
    store.rows("UPDATE nodes SET deleted_at = ?1 WHERE kind = 'file' AND deleted_at IS NULL", now);
    await this.#collect(now + 31 * 24 * hour, trace);
    await this.#collect(now + 35 * 24 * hour, trace);
    await this.#collect(now + 36 * 24 * hour, trace);
    expectNothingLeft(this.#world);
    if (this.#world.bucket.objects.size > 0) throw new Violation("leak", "every file is gone, and objects stay");
  }

  async #collect(now: number, trace: string[] | undefined): Promise<void> {
    await this.#alone(now, trace, async (process) => (await this.#stage.releaseOnce(process)) && this.#stage.collectOnce(process));
  }

  async #alone(now: number, trace: string[] | undefined, collect: (process: Process) => Promise<boolean>): Promise<void> {
    const scheduler = this.#begin(dull, now, noTrouble);
    scheduler.trace = trace;
    this.#stage.wakeObjects();
    let done = false;
    this.#stage.start({
      name: "collector at rest",
      work: async (process) => {
        done = await collect(process);
      },
    });
    await scheduler.run();
    if (!done) throw new Violation("progress", "a collection fails with nothing in its way");
  }
}

/** The same failure with as little trouble as can be found: each choice in turn is made a dull one. */
export async function shrink(theatre: Theatre, schedule: Schedule, { invariant }: Violation): Promise<Schedule> {
  let best = schedule;
  for (let smaller = true; smaller;) {
    smaller = false;
    for (const step of [...best.keys()].toReversed()) {
      const candidate = new Map(best);
      candidate.delete(step);
      const { violation, schedule: actual } = await theatre.run(replayChooser(candidate));
      if (violation?.invariant !== invariant || actual.size >= best.size) continue;
      best = actual;
      smaller = true;
      break;
    }
  }
  return best;
}
