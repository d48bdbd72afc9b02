import { ProblemError } from "@ashlar/shared/protocol/problem";
import type { Clock, Sleep } from "../ports.ts";

/** Seconds that a caller waits who found the queue full. */
const retryAfterS = 1;
/** How often a waiting task looks whether it is its turn: little beside the time that a block takes. */
const lookMs = 10;

export type ByteGateOptions = {
  readonly bytesMax: number;
  readonly waitingMax: number;
  /** How long a task waits, and then how long it keeps its bytes. */
  readonly waitMsMax: number;
  readonly runMsMax: number;
  readonly clock: Clock;
  readonly sleep: Sleep;
};

/** `owner` is whoever the task is for: nobody's many tasks keep another's few waiting. */
export type GateTask = { readonly owner: string; readonly bytes: number };
type Running = GateTask & { readonly until: number };
type Waiting = GateTask & { readonly until: number; verdict: Running | "refused" | undefined };

/**
 * Lets tasks run side by side as long as their bytes fit: next comes who has least running, and of one owner the first.
 *
 * A platform may drop a request in the middle, when its client leaves, and then nothing of it runs any more, not even what would
 * give its bytes back. So bytes are lent for a time. It also ends a request that has nothing of its own to wait for, however soon
 * another one would wake it. So each waits by its own timer, and finds what the others have written down.
 */
export class ByteGate {
  readonly #options: ByteGateOptions;
  readonly #running = new Set<Running>();
  #queue: Waiting[] = [];

  /** A task of more than `bytesMax` runs alone. */
  constructor(options: ByteGateOptions) {
    this.#options = options;
  }

  /** Throws a ProblemError `try-again` if too many tasks wait already, or this one has waited too long. */
  async run<Result>({ owner, bytes }: GateTask, task: () => Promise<Result>): Promise<Result> {
    const running = await this.#enter({ owner, bytes: Math.min(bytes, this.#options.bytesMax) });
    try {
      return await task();
    } finally {
      this.#running.delete(running);
      this.#admit();
    }
  }

  async #enter(task: GateTask): Promise<Running> {
    this.#admit();
    if (this.#queue.length === 0 && this.#fits(task)) return this.#lend(task);
    if (this.#queue.length >= this.#options.waitingMax) this.#makeRoomFor(task.owner);
    const waiting: Waiting = { ...task, until: this.#options.clock.now() + this.#options.waitMsMax, verdict: undefined };
    this.#queue.push(waiting);
    while (waiting.verdict === undefined) {
      await this.#options.sleep(lookMs);
      this.#admit();
    }
    if (waiting.verdict === "refused") throw tryAgain();
    return waiting.verdict;
  }

  #lend({ owner, bytes }: GateTask): Running {
    const running = { owner, bytes, until: this.#options.clock.now() + this.#options.runMsMax };
    this.#running.add(running);
    return running;
  }

  #fits({ bytes }: GateTask): boolean {
    return bytesOf(this.#running) + bytes <= this.#options.bytesMax;
  }

  /** The first in the queue holds its bytes from here on, so that no newcomer takes them before it looks. */
  #admit(): void {
    const now = this.#options.clock.now();
    for (const running of this.#running) if (running.until <= now) this.#running.delete(running);
    for (const waiting of this.#queue.filter(({ until }) => until <= now)) this.#refuse(waiting);
    for (let next = this.#next(); next !== undefined && this.#fits(next); next = this.#next()) {
      this.#remove(next);
      next.verdict = this.#lend(next);
    }
  }

  #next(): Waiting | undefined {
    const used = (waiting: Waiting) => bytesOf([...this.#running].filter(({ owner }) => owner === waiting.owner));
    const [first, ...others] = this.#queue.map((waiting) => ({ waiting, used: used(waiting) }));
    return others.reduce((least, other) => (least === undefined || other.used < least.used ? other : least), first)?.waiting;
  }

  /** The newest of whoever waits most often, if that is not the one who comes. */
  #makeRoomFor(owner: string): void {
    const waiting = Map.groupBy(this.#queue, (one) => one.owner);
    const [most = []] = [...waiting.values()].toSorted((a, b) => b.length - a.length);
    const newest = most.at(-1);
    if (newest === undefined || most.length <= (waiting.get(owner)?.length ?? 0) + 1) throw tryAgain();
    this.#refuse(newest);
  }

  #refuse(waiting: Waiting): void {
    this.#remove(waiting);
    waiting.verdict = "refused";
  }

  #remove(waiting: Waiting): void {
    this.#queue = this.#queue.filter((one) => one !== waiting);
  }
}

function bytesOf(tasks: Iterable<GateTask>): number {
  let bytes = 0;
  for (const task of tasks) bytes += task.bytes;
  return bytes;
}

function tryAgain(): ProblemError {
  return new ProblemError("try-again", undefined, { retryAfterS });
}
