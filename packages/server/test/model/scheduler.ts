/**
 * Decides, at every call to a port, what happens next. Between two decisions every process has run until it waits for a port:
 * there is nothing else that the server's code waits for.
 */
import { nextTick } from "node:process";
import type { Chooser } from "./chooser.ts";
import { type Budget, describe, type Fault, type Ghost, type Jump, type Option, type Pending } from "./options.ts";
import type { Process } from "./process.ts";

/** A call is answered or given up in this time, and so is a request or a run of the collector: the platform ends them. */
const requestMsMax = 15 * 60_000;
const stepsMax = 3000;

/** What must not happen has happened. */
export class Violation extends Error {
  readonly invariant: string;
  constructor(invariant: string, message: string) {
    super(`${invariant}: ${message}`);
    this.invariant = invariant;
  }
}

export type SchedulerHooks = {
  /** Looks at the whole world after each step; throws a Violation. */
  readonly inspect: () => void;
  /** The next moment after now at which a row or an object expires. */
  readonly nextDeadline: () => number | undefined;
  /** Starts what takes over from a process that died or was replaced. */
  readonly restart: (process: Process) => void;
};

export class Scheduler {
  now: number;
  readonly budget: Budget;
  /** Set for a run that is to be told. */
  trace: string[] | undefined;
  /** Whether processes note what they were answered. */
  remember = false;
  steps = 0;
  readonly #chooser: Chooser;
  readonly #hooks: SchedulerHooks;
  readonly #processes = new Set<Process>();
  readonly #working = new Set<Process>();
  #pending: Pending[] = [];
  #ghosts: Ghost[] = [];
  #last: Process | undefined;
  #failure: unknown;

  constructor(chooser: Chooser, hooks: SchedulerHooks, now: number, budget: Budget) {
    this.#chooser = chooser;
    this.#hooks = hooks;
    this.now = now;
    this.budget = { ...budget };
  }

  /** Takes part from now on. `work` undefined: it only serves others. */
  start(process: Process, work?: () => Promise<void>): void {
    this.#processes.add(process);
    if (work === undefined) return;
    this.#working.add(process);
    work()
      .catch((error: unknown) => this.fail(error))
      .finally(() => {
        this.#working.delete(process);
        this.#processes.delete(process);
      })
      .catch(() => {});
  }

  fail(error: unknown): void {
    this.#failure ??= error;
  }

  enqueue(pending: Pending): void {
    this.#pending.push(pending);
  }

  /** Until nothing waits any more. Throws the first violation. */
  async run(): Promise<void> {
    for (;;) {
      await settled();
      this.#throwFailure();
      const options = this.#options();
      if (options.length === 0) break;
      if ((this.steps += 1) > stepsMax) throw new Violation("progress", `no end after ${stepsMax} steps`);
      const option = options.length === 1 ? options[0] : options[this.#chooser.choose(options)];
      if (option === undefined) throw new RangeError("the chooser chose nothing");
      this.#perform(option);
      this.#throwFailure();
    }
    const [stuck] = this.#working;
    if (stuck !== undefined) throw new Violation("progress", `${stuck.name} waits for something that is no port`);
    // Nothing is on its way for so long.
    this.#ghosts = [];
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  get #busy(): boolean {
    for (const process of this.#processes) if (process.requests > 0 && !process.dead) return true;
    return false;
  }

  #options(): Option[] {
    const busy = this.#busy;
    const ready = this.#pending.filter(({ wakeAt }) => !busy || wakeAt - this.now <= requestMsMax);
    if (ready.length === 0) return [];
    // Who waits lets the others go on, or it would give up before they had a chance.
    const awake = ready.filter(({ sleepMs }) => sleepMs === 0);
    const first = awake.find(({ process }) => process === this.#last) ?? awake[0] ?? ready.toSorted((a, b) => a.wakeAt - b.wakeAt)[0];
    const options: Option[] = first === undefined ? [] : [{ kind: "step", pending: first }];
    // Of those who all wait, the first to wake comes first.
    const due = awake.length > 0 ? awake : ready.filter(({ wakeAt }) => wakeAt === first?.wakeAt);
    const others = this.budget.overtakings > 0 ? ready : due;
    for (const pending of others) if (pending !== first) options.push({ kind: "step", pending });
    for (const ghost of this.#ghosts) options.push({ kind: "land", ghost });
    const { faults, crashes, replacements, jumps } = this.budget;
    if (faults > 0) {
      for (const pending of ready) if (pending.remote) for (const fault of faultKinds) options.push({ kind: "fault", pending, fault });
    }
    if (crashes > 0 || replacements > 0) {
      for (const process of this.#processes) {
        if (process.requests === 0) continue;
        if (crashes > 0) options.push({ kind: "crash", process });
        if (replacements > 0 && process.replaceable && !process.replaced) options.push({ kind: "replace", process });
      }
    }
    if (jumps > 0) {
      for (const jump of jumpKinds) options.push({ kind: "jump", jump });
    }
    return options;
  }

  #perform(option: Option): void {
    if (this.trace !== undefined) this.trace.push(`${String(this.steps).padStart(4)}  ${describe(option)}`);
    switch (option.kind) {
      case "step":
        this.#take(option.pending);
        if (this.#overtakes(option.pending)) this.budget.overtakings -= 1;
        this.#apply(option.pending);
        break;
      case "fault":
        this.budget.faults -= 1;
        this.#take(option.pending);
        this.#fault(option.pending, option.fault);
        break;
      case "land":
        this.#ghosts = this.#ghosts.filter((ghost) => ghost !== option.ghost);
        attempt(option.ghost.effect);
        this.#hooks.inspect();
        break;
      case "crash":
        this.budget.crashes -= 1;
        this.#crash(option.process);
        break;
      case "replace":
        this.budget.replacements -= 1;
        option.process.replaced = true;
        option.process.abandonCallers();
        this.#hooks.restart(option.process);
        break;
      case "jump":
        this.budget.jumps -= 1;
        this.#advance(this.#target(option.jump, this.#busy) ?? this.now);
        break;
    }
  }

  #overtakes({ sleepMs, wakeAt }: Pending): boolean {
    return sleepMs > 0 && this.#pending.some((other) => other.sleepMs === 0 || other.wakeAt < wakeAt);
  }

  #take(pending: Pending): void {
    this.#pending.splice(this.#pending.indexOf(pending), 1);
    this.#last = pending.process;
  }

  #apply(pending: Pending): void {
    if (pending.sleepMs > 0) this.#advance(pending.wakeAt);
    try {
      const value = pending.effect();
      this.#note(pending, value);
      pending.resolve(value);
    } catch (error) {
      this.#note(pending, String(error));
      pending.reject(error as Error);
    }
    if (pending.remote) this.#hooks.inspect();
    if (this.trace !== undefined) this.trace.push(`      at ${new Date(this.now).toISOString()}`);
  }

  #fault(pending: Pending, fault: Fault): void {
    this.#note(pending, "lost");
    if (fault === "lost") {
      attempt(pending.effect);
      this.#hooks.inspect();
    }
    if (fault === "late") this.#ghosts.push(this.#ghostOf(pending));
    pending.reject(new Error("Network connection lost."));
  }

  #note({ process, label }: Pending, answer: unknown): void {
    // With the time, which it may read until it waits again.
    if (this.remember) process.history += `${label}=${JSON.stringify(answer, withoutBytes)}@${this.now};`;
  }

  /** What everybody knows and what is on its way: with the world's rows and objects, all that the future depends on. */
  state(): string {
    const processes = [...this.#processes].map(({ name, history, requests, replaced }) => [name, history, requests, replaced]);
    const pending = this.#pending.map(({ process, label }) => [process.name, label]);
    const ghosts = this.#ghosts.map(({ label, issuedAt, owner }) => [label, issuedAt, owner]);
    return JSON.stringify([processes.toSorted(byName), pending.toSorted(byName), ghosts.toSorted(byName), this.budget]);
  }

  /** What it had sent off may still arrive. */
  #crash(process: Process): void {
    process.dead = true;
    this.#processes.delete(process);
    this.#working.delete(process);
    for (const pending of this.#pending) if (pending.process === process && pending.remote) this.#ghosts.push(this.#ghostOf(pending));
    this.#pending = this.#pending.filter((pending) => pending.process !== process);
    process.abandonCallers();
    this.#hooks.restart(process);
  }

  #ghostOf({ process, label, effect }: Pending): Ghost {
    return { label, effect, issuedAt: this.now, owner: `${process.name} ${process.history}` };
  }

  #advance(to: number): void {
    this.now = Math.max(this.now, to);
    this.#ghosts = this.#ghosts.filter(({ issuedAt }) => this.now - issuedAt < requestMsMax);
  }

  #target(jump: Jump, busy: boolean): number | undefined {
    if (jump === "second") return this.now + 1100;
    const deadline = this.#hooks.nextDeadline();
    if (deadline === undefined) return undefined;
    const to = jump === "at" ? deadline : jump === "past" ? deadline + 1 : deadline - 1000;
    return to > this.now && (!busy || to - this.now < requestMsMax) ? to : undefined;
  }
}

/** Until no promise has anything left to do: ticks come when all of them are done, and cost less than a turn of the event loop. */
const settled = (): Promise<void> => new Promise((resolve) => nextTick(resolve));

/** What an object holds, its name says. */
const withoutBytes = (_key: string, value: unknown): unknown => (value instanceof Uint8Array ? value.length : value);

const byName = (left: readonly unknown[], right: readonly unknown[]): number => (String(left) < String(right) ? -1 : 1);

const faultKinds = ["refused", "lost", "late"] as const;
const jumpKinds = ["before", "at", "past", "second"] as const;

function attempt(effect: () => unknown): void {
  try {
    effect();
  } catch {
    // Nobody is there to be told.
  }
}
