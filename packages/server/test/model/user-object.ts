/** A user's Durable Object: one request at a time in an instance, and now and then another instance. */
import type { UserId } from "@ashlar/shared/ids";
import { tend } from "../../src/collect/tend/tend.ts";
import { commit } from "../../src/namespace/commit.ts";
import type { CommitAnswer, CommitCall } from "../../src/namespace/types.ts";
import { Process } from "./process.ts";
import type { World } from "./world.ts";

export class UserObject {
  readonly user: UserId;
  readonly #world: World;
  #process: Process;
  #instances = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(world: World, user: UserId) {
    this.user = user;
    this.#world = world;
    this.#process = this.#newProcess();
  }

  owns(process: Process): boolean {
    return process === this.#process;
  }

  /** The next instance, with the storage and nothing else of the one before. */
  restart(): void {
    this.#last = Promise.resolve();
    this.#process = this.#newProcess();
  }

  commit(call: CommitCall): Promise<CommitAnswer> {
    return this.#queue(async (process) => (await commit(this.#world.commitDeps(process, this.user), call)).answer);
  }

  /** What the collector asks for: undo what a crash left behind, and forget versions that are too old. */
  tend(now: number): Promise<unknown> {
    return this.#queue((process) => tend(this.#world.tendDeps(process, this.user), { user: this.user, shard: 0, now, dryRun: false }));
  }

  #newProcess(): Process {
    const process = new Process(this.#world.scheduler, `object of ${this.user.slice(0, 3)} #${(this.#instances += 1)}`, true);
    this.#world.scheduler.start(process);
    return process;
  }

  #queue<Result>(work: (process: Process) => Promise<Result>): Promise<Result> {
    const process = this.#process;
    return process.serve(() => {
      const turn = this.#last.then(async () => {
        process.requests += 1;
        try {
          return await work(process);
        } finally {
          process.requests -= 1;
        }
      });
      this.#last = turn.catch(() => {});
      return turn;
    });
  }
}
