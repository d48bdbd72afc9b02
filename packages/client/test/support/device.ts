/** A device with a disk, a database and an engine that can be killed and begun again, in front of a simulated edge. */
import { type DeviceId, newId } from "@ashlar/shared/ids";
import { createEngine } from "../../src/engine/engine.ts";
import type { Engine, EngineEvent, EngineOptions, Outcome } from "../../src/engine/types.ts";
import type { LocalDatabase } from "../../src/database.ts";
import { openDatabase } from "../../src/node/database.ts";
import {
  type Feed,
  type FeedEvents,
  type RelativePath,
  type Transfer,
  UnreachableError,
  type WatchEvents,
  type Watcher,
} from "../../src/ports.ts";
import { loadIgnore } from "../../src/scan/ignore.ts";
import { scan } from "../../src/scan/scan.ts";
import type { ManualClock } from "./manual-clock.ts";
import { SimulatedDisk } from "./simulated-disk.ts";
import { type SimulatedEdge, sha256 } from "./simulated-edge.ts";
import { guarded, Life } from "./life.ts";
import { simulatedTransfer } from "./simulated-transfer.ts";
import { Random } from "./random.ts";

const never = (): Promise<never> => new Promise(() => undefined);

export type Faults = {
  /** Of a request getting lost on its way there, and of its answer on the way back. */
  lost: number;
  /** Of the process dying at any call to the disk or the edge. */
  crash: number;
  latencyMs: number;
};

export type DeviceOptions = {
  readonly clock: ManualClock;
  readonly edge: SimulatedEdge;
  readonly name: string;
  readonly seed: number;
  readonly caseSensitive?: boolean;
  readonly allowMassDelete?: boolean;
  readonly skewMs?: number;
};

export class Device {
  readonly disk: SimulatedDisk;
  readonly events: EngineEvent[] = [];
  readonly random: Random;
  readonly faults: Faults = { lost: 0, crash: 0, latencyMs: 0 };
  isOnline = true;
  /** Folders for which there is no watch left. */
  unwatched = 0;
  crashes = 0;
  failure: unknown;
  /** Fails calls to the disk where a test says so, or keeps them waiting. */
  diskGate: (call: string, path: RelativePath) => void | Promise<void> = () => undefined;
  /** Told of each request and each answer, and may throw. */
  edgeGate: (call: string, when: "before" | "after") => unknown = () => undefined;
  /** Messages on the socket get lost. */
  isDeaf = false;
  /** Instead of the transfer's own. */
  fetchEarly: Transfer["fetchEarly"];
  readonly #options: DeviceOptions;
  #allowMassDelete: boolean;
  readonly #device: DeviceId;
  database: LocalDatabase = openDatabase(":memory:", 0);
  #life = new Life();
  #next: Engine | undefined;
  #watch: WatchEvents | undefined;
  #feed: FeedEvents | undefined;

  constructor(options: DeviceOptions) {
    this.#options = options;
    this.#allowMassDelete = options.allowMassDelete ?? false;
    this.random = new Random(options.seed);
    this.#device = newId<DeviceId>(this.random.bytes);
    this.disk = new SimulatedDisk(() => options.clock.now(), { caseSensitive: options.caseSensitive ?? true });
    this.disk.onChange = (folder) => this.#watch?.dirty(folder);
  }

  get engine(): Engine {
    const { engine } = this.#life;
    if (engine === undefined) throw new Error("the engine does not run");
    return engine;
  }

  get isRunning(): boolean {
    return this.#life.engine !== undefined && !this.#life.isOver;
  }

  /** Opens the engine that `syncOnce` then runs. */
  begin(): Engine {
    this.#next = this.#begin();
    return this.#next;
  }

  /** Runs the clock until the one sync is over. */
  async syncOnce(): Promise<Outcome> {
    const engine = this.#next ?? this.#begin();
    this.#next = undefined;
    const outcome = await this.#options.clock.passUntil(engine.syncOnce(this.#life.abort.signal), 600_000);
    this.#life.isOver = true;
    return outcome;
  }

  /** After the longest pause of a waiting item. */
  async syncAgain(): Promise<Outcome> {
    await this.#options.clock.pass(10 * 60_000);
    return this.syncOnce();
  }

  /** As with --allow-mass-delete. */
  allow(): void {
    this.#allowMassDelete = true;
  }

  start(): void {
    const engine = this.#begin();
    const life = this.#life;
    life.ended = engine.run(life.abort.signal).catch((error: unknown) => {
      if (!life.isOver) this.failure = error;
    });
  }

  async stop(): Promise<void> {
    const life = this.#life;
    life.abort.abort();
    await this.#options.clock.passUntil(life.ended, 10_000);
    life.isOver = true;
    this.#watch = undefined;
  }

  /** As `kill -9`: what was under way never goes on. */
  kill(): void {
    this.#life.isOver = true;
    this.#watch = undefined;
    this.#feed = undefined;
    this.crashes++;
  }

  loseDatabase(): void {
    this.database = openDatabase(":memory:", 0);
  }

  /** The socket to the edge breaks; the feed connects again by itself. */
  disconnect(): void {
    this.#feed?.state("offline");
  }

  #begin(): Engine {
    this.#life.isOver = true;
    const life = new Life();
    this.#life = life;
    life.engine = createEngine(this.#engineOptions(life));
    return life.engine;
  }

  #engineOptions(life: Life): EngineOptions {
    const { clock, edge, name, caseSensitive = true, skewMs = 0 } = this.#options;
    const alive = async () => {
      if (life.isOver) await never();
    };
    const mayCrash = async () => {
      await alive();
      if (!this.random.chance(this.faults.crash)) return;
      this.kill();
      await never();
    };
    const own = clock.clock(skewMs);
    const disk = this.disk.port(async (call, path) => {
      await mayCrash();
      await this.diskGate(call, path);
    });
    const port = edge.port(this.#device, name, async (call, when) => {
      await mayCrash();
      this.edgeGate(call, when);
      if (this.faults.latencyMs > 0) await clock.sleep(this.random.below(this.faults.latencyMs));
      await alive();
      if (!this.isOnline || this.random.chance(this.faults.lost)) throw new UnreachableError("the line is dead");
    });
    const ignore = loadIgnore(disk);
    return {
      disk,
      edge: port,
      openFeed: (events) => this.#openFeed(events, life),
      openWatcher: (events) => this.#openWatcher(events, life),
      createTransfer: (knowledge, onSent) => ({
        ...simulatedTransfer({ disk, edge: port, knowledge, random: this.random, onSent }),
        ...(this.fetchEarly && { fetchEarly: this.fetchEarly }),
      }),
      scan: (request) => scan({ ...request, ignore }),
      database: guarded(this.database, life),
      clock: {
        now: () => own.now(),
        sleep: async (ms, signal) => {
          await own.sleep(ms, signal);
          await alive();
        },
      },
      random: this.random.bytes,
      sha256,
      platform: {
        caseSensitive,
        keepsModes: true,
        nameFault: (text) => (text.includes(":") ? `This disk cannot hold a colon: ${text}` : undefined),
      },
      allowMassDelete: this.#allowMassDelete,
      onEvent: (event) => this.events.push(event),
    };
  }

  #openWatcher(events: WatchEvents, life: Life): Watcher {
    const folders = new Set<RelativePath>();
    const watch: WatchEvents = {
      dirty: (path) => {
        if (!life.isOver && folders.has(path)) events.dirty(path);
      },
      lost: (why) => events.lost(why),
    };
    this.#watch = watch;
    const unwatched = () => this.unwatched;
    return {
      add: (path) => folders.add(path),
      remove: (path) => folders.delete(path),
      get unwatched() {
        return unwatched();
      },
      [Symbol.asyncDispose]: async () => undefined,
    };
  }

  /** Connects, and again when the line was dead; messages arrive in their order, each a little later. */
  #openFeed(events: FeedEvents, life: Life): Feed {
    const { clock, edge } = this.#options;
    let isConnected = false;
    let last: Promise<void> = Promise.resolve();
    const deliverAfter = async (before: Promise<void>, message: Parameters<FeedEvents["message"]>[0]) => {
      await before;
      await clock.sleep(this.random.below(1 + this.faults.latencyMs));
      if (!life.isOver && isConnected && !this.isDeaf) events.message(message);
    };
    const deliver = (message: Parameters<FeedEvents["message"]>[0]) => {
      last = deliverAfter(last, message);
    };
    const connect = async () => {
      while (!life.isOver && !life.abort.signal.aborted) {
        if (!isConnected && this.isOnline) {
          isConnected = true;
          events.state("live");
          deliver(edge.welcome(events.cursor()));
        } else if (isConnected && (!this.isOnline || this.random.chance(this.faults.lost / 10))) {
          isConnected = false;
          events.state("offline");
        }
        await clock.sleep(1000);
      }
    };
    const unlisten = edge.listen(this.#device, (message) => {
      if (isConnected && !life.isOver) deliver(message);
    });
    this.#feed = events;
    void connect();
    return {
      refresh: () => undefined,
      applied: () => undefined,
      sending: (hashes) => {
        if (!isConnected || life.isOver || this.random.chance(this.faults.lost)) return;
        edge.tellOthers(this.#device, hashes);
        if (this.random.chance(this.faults.lost)) edge.tellOthers(this.#device, hashes);
      },
      [Symbol.asyncDispose]: async () => {
        isConnected = false;
        unlisten();
      },
    };
  }
}
