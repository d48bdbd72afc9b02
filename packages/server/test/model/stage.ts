/** The cast of a run: users, blocks, and what each actor does. */
import { createHash } from "node:crypto";
import type { BlockHash, UserId } from "@ashlar/shared/ids";
import { leaseMs, packBlockBytesMax } from "@ashlar/shared/limits";
import { ensureNamespace } from "../../src/namespace/create.ts";
import type { TestBlock } from "../support/blocks.ts";
import { Client } from "./client.ts";
import { collect } from "./collection.ts";
import { Process } from "./process.ts";
import { Violation } from "./scheduler.ts";
import { UserObject } from "./user-object.ts";
import { epoch, type World } from "./world.ts";

/** `life` counts from 1: it says how often the actor has died. */
export type Actor = { readonly name: string; readonly work: (process: Process, life: number) => Promise<void> };

const hourMs = 3600_000;

export type Scenario = {
  readonly name: string;
  readonly users: number;
  /** What was before, done without any trouble. */
  readonly before?: (stage: Stage) => Promise<void>;
  readonly actors: (stage: Stage) => readonly Actor[];
};

export class Stage {
  readonly world: World;
  readonly #actors = new Map<Process, { actor: Actor; life: number }>();

  constructor(world: World) {
    this.world = world;
  }

  user(index: number): UserId {
    return `u${index}`.padEnd(22, "_") as UserId;
  }

  /** Everybody has a namespace; the objects are there anew in every run. */
  async createUsers(count: number): Promise<void> {
    const process = new Process(this.world.scheduler, "registration");
    for (let index = 1; index <= count; index++) {
      const user = this.user(index);
      this.world.users.push(user);
      this.world.store.rows("INSERT INTO accounts (user_id, email, password_hash, shard, created_at) VALUES (?1, ?1, '', 0, 0)", user);
      await ensureNamespace(this.world.ports(process).db, { user, epoch, now: this.world.scheduler.now, quotaBytes: 1e9 });
    }
  }

  wakeObjects(): void {
    for (const user of this.world.users) this.world.objects.set(user, new UserObject(this.world, user));
  }

  start(actor: Actor, life = 1): void {
    const process = new Process(this.world.scheduler, life === 1 ? actor.name : `${actor.name} #${life}`);
    this.#actors.set(process, { actor, life });
    this.world.scheduler.start(process, () => actor.work(process, life));
  }

  /** What comes after a process that died, or was replaced. */
  restart(process: Process): void {
    for (const object of this.world.objects.values()) if (object.owns(process)) object.restart();
    const found = this.#actors.get(process);
    if (found !== undefined) this.start(found.actor, found.life + 1);
  }

  client(process: Process, user: number): Client {
    return new Client(this.world, process, this.user(user));
  }

  device(name: string, user: number, work: (client: Client, process: Process) => Promise<void>): Actor {
    return { name, work: (process) => work(this.client(process, user), process) };
  }

  /** Runs an hour apart; one that fails is made up for by the next. */
  collector(runs = 2): Actor {
    return {
      name: "collector",
      work: async (process, life) => {
        for (let run = 0; run < runs; run++) {
          // What a run that died had sent off has long arrived, or never will.
          if (run > 0 || life > 1) await process.sleep(hourMs);
          while (!(await this.collectOnce(process))) await process.sleep(hourMs);
        }
      },
    };
  }

  /** Has the users' objects undo what crashed and forget what is old. */
  releaser(): Actor {
    return {
      name: "releaser",
      work: async (process) => {
        await this.releaseOnce(process);
      },
    };
  }

  /** False if it failed. */
  collectOnce(process: Process): Promise<boolean> {
    return process.request("a collection", () => succeeds(() => collect(this.world.ports(process))));
  }

  /** False if it failed. */
  releaseOnce(process: Process): Promise<boolean> {
    const objects = this.world.users.map((user) => this.world.objects.get(user));
    return process.request("a release", () =>
      succeeds(async () => {
        for (const object of objects) await object?.tend(this.world.scheduler.now);
      }),
    );
  }
}

/** One device, alone. */
export async function setUp(stage: Stage, user: number, work: (client: Client) => Promise<void>): Promise<void> {
  stage.start(stage.device("before", user, work));
  await stage.world.scheduler.run();
}

/** A second before what was just stored is not protected any more. */
export function toTheEndOfLeases({ world: { scheduler } }: Stage): void {
  scheduler.now += leaseMs - 1000;
}

async function succeeds(work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (error instanceof Violation || error instanceof TypeError) throw error;
    return false;
  }
}

function makeBlock(seed: string, size: number): TestBlock {
  const bytes = new Uint8Array(size);
  new TextEncoder().encodeInto(seed, bytes);
  return { hash: createHash("sha256").update(bytes).digest("hex") as BlockHash, size, bytes };
}

/** Blocks above the pack limit, and small ones. */
export const [largeA, largeB] = [makeBlock("large A", packBlockBytesMax + 1), makeBlock("large B", packBlockBytesMax + 2)];
export const [smallA, smallB, smallC] = [makeBlock("small A", 30), makeBlock("small B", 40), makeBlock("small C", 50)];
