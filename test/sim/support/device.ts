/** A device: the whole client over a disk in memory, in a process that can be killed at any call. */
import { signIn, signUp } from "@ashlar/client/edge/account";
import { createCaller } from "@ashlar/client/edge/caller";
import { createEdge } from "@ashlar/client/edge/edge";
import { createSignedCaller } from "@ashlar/client/edge/signed-caller";
import { createTokens, type SessionStore } from "@ashlar/client/edge/tokens";
import { createEngine } from "@ashlar/client/engine/engine";
import type { Engine, EngineEvent, EngineOptions } from "@ashlar/client/engine/types";
import { openFeed } from "@ashlar/client/feed/feed";
import { openDatabase } from "@ashlar/client/node/database";
import { deltaCodec } from "@ashlar/client/node/delta-codec";
import { hashBlock, hmacSha256, sha256 } from "@ashlar/client/node/hash";
import {
  type Clock,
  type Disk,
  DiskError,
  type DiskErrorCode,
  type RelativePath,
  type WatchEvents,
  type Watcher,
} from "@ashlar/client/ports";
import { loadIgnore } from "@ashlar/client/scan/ignore";
import { scan } from "@ashlar/client/scan/scan";
import { createBlockCache } from "@ashlar/client/transfer/block-cache";
import { createTransfer } from "@ashlar/client/transfer/transfer";
import type { Session } from "@ashlar/shared/protocol/account";
import type { ManualClock } from "../../../packages/client/test/support/manual-clock.ts";
import { MemoryStore } from "../../../packages/client/test/support/memory-store.ts";
import { Random } from "../../../packages/client/test/support/random.ts";
import { type DiskOptions, SimulatedDisk } from "../../../packages/client/test/support/simulated-disk.ts";
import { zstdAtOnce } from "./compression.ts";
import type { EdgeInMemory } from "./edge.ts";
import { guarded, Life, never } from "./life.ts";
import { Network, type Span } from "./network.ts";
import { withPowerCut } from "./power-cut.ts";

export type DeviceFaults = {
  /** Of the process dying at a call to disk or network. */
  crash: number;
  /** Of a call to the disk failing. */
  disk: number;
};

export type DeviceOptions = {
  readonly clock: ManualClock;
  readonly edge: EdgeInMemory;
  readonly name: string;
  readonly seed: number;
  readonly diskOptions: DiskOptions;
  /** How the engine sees the disk: where a bug is planted. */
  readonly plant: (disk: Disk) => Disk;
};

const diskErrors: readonly DiskErrorCode[] = ["io", "busy", "no-space", "no-permission"];
const takesSpace: ReadonlySet<string> = new Set(["draft", "place", "makeFolder", "makeLink", "writeMarker"]);
/** The longest that a change is left to settle, and a margin. */
const seenMs = 10_000;
/** Buffers no longer than any file here: the system clears fresh memory page by page. */
const bufferBytesMax = 256 * 1024;
const memory = (byteLength: number) => new Uint8Array(Math.min(byteLength, bufferBytesMax));
/** So few of the large files that it is full at times. */
const earlyBytesMax = 200_000;
const password = "a password of the simulation";

export class SimulatedDevice {
  readonly name: string;
  readonly disk: SimulatedDisk;
  readonly network: Network;
  readonly events: EngineEvent[] = [];
  readonly faults: DeviceFaults = { crash: 0, disk: 0 };
  skewMs = 0;
  /** When its process was killed and not begun again. */
  readonly dead: Span[] = [];
  crashes = 0;
  diskFailures = 0;
  /** Why the engine ended by itself. */
  failure: unknown;
  /** A device that signs in again is another one to the edge. */
  readonly ids = new Set<string>();
  /** Every refresh token of the session that reached the device's disk. */
  readonly keptTokens = new Set<string>();
  readonly #random: Random;
  readonly #options: DeviceOptions;
  #session: Session | undefined;
  readonly #store = new MemoryStore();
  readonly #early = new MemoryStore();
  #database = withPowerCut(openDatabase(":memory:", 0));
  readonly #lives: Life[] = [];
  #life = new Life();
  #watch: WatchEvents | undefined;
  readonly #unreadable = new Set<RelativePath>();
  #isFull = false;
  #changedAtMs = 0;

  constructor(options: DeviceOptions) {
    const { clock, edge, name, seed, diskOptions } = options;
    this.#options = options;
    this.name = name;
    this.#random = new Random(seed);
    this.disk = new SimulatedDisk(() => clock.now(), diskOptions);
    this.disk.onChange = (folder) => {
      this.#changedAtMs = clock.now();
      this.#watch?.dirty(folder);
    };
    this.network = new Network({ edge, clock, random: this.#random });
  }

  async signIn(email: string, isNew: boolean): Promise<void> {
    const call = createCaller({
      http: this.network.http(() => Promise.resolve()),
      clock: this.#options.clock.clock(),
      random: this.#random.bytes,
    });
    const session = await (isNew ? signUp : signIn)(call, { email, password, device: this.name });
    this.keptTokens.clear();
    this.#keep(session);
  }

  get session(): Session {
    if (this.#session === undefined) throw new Error(`${this.name} is not signed in`);
    return this.#session;
  }

  #keep(session: Session): void {
    this.#session = session;
    this.ids.add(session.device);
    this.keptTokens.add(session.refreshToken);
  }

  get engine(): Engine {
    const { engine } = this.#life;
    if (engine === undefined) throw new Error(`${this.name} was never started`);
    return engine;
  }

  get isRunning(): boolean {
    return this.#life.engine !== undefined && !this.#life.isOver;
  }

  start(): void {
    const last = this.dead.at(-1);
    if (last !== undefined) last.toMs = Math.min(last.toMs, this.#options.clock.now());
    this.#life.isOver = true;
    const life = new Life();
    this.#life = life;
    this.#lives.push(life);
    life.engine = createEngine(this.#engineOptions(life));
    life.ended = life.engine.run(life.abort.signal).catch((error: unknown) => {
      if (!life.isOver) this.failure = error;
    });
  }

  /** A folder that nobody may list for a while, such as one whose mount hangs. */
  hide(path: RelativePath, ms: number): void {
    this.#unreadable.add(path);
    void this.#show(path, ms);
  }

  /** Nothing more can be written for a while. */
  fill(ms: number): void {
    this.#isFull = true;
    void this.#options.clock.sleep(ms).then(() => (this.#isFull = false));
  }

  /** The engine has seen all that is on the disk: what has just been done is equal to it until it looks again. */
  get isSeen(): boolean {
    return this.engine.status().state === "equal" && this.#options.clock.now() - this.#changedAtMs > seenMs;
  }

  /** What is put there reaches nobody for now: its folder cannot be listed. One that waits for another name can. */
  isHidden(path: RelativePath): boolean {
    return [...this.#unreadable].some((folder) => path.startsWith(`${folder}/`));
  }

  async #show(path: RelativePath, ms: number): Promise<void> {
    await this.#options.clock.sleep(ms);
    this.#unreadable.delete(path);
    this.#watch?.dirty(path);
  }

  async stop(): Promise<void> {
    const life = this.#life;
    life.abort.abort();
    await this.#options.clock.passUntil(life.ended, 60_000);
    life.isOver = true;
    this.#watch = undefined;
  }

  /** As a power cut: what was under way never goes on, and what was not flushed is taken back. */
  kill(): void {
    this.#life.isOver = true;
    if (this.dead.at(-1)?.toMs !== Infinity) this.dead.push({ fromMs: this.#options.clock.now(), toMs: Infinity });
    // Rounds that only write to the database wait for nothing: what is left of the code here would go round for ever.
    this.#life.abort.abort();
    this.#database.powerCut();
    this.#watch = undefined;
    this.network.cut();
    this.crashes++;
  }

  /** Of whatever still waits in a dead process: a signal with listeners is kept for ever, and with it all of this run. */
  bury(): void {
    for (const life of this.#lives) {
      life.isOver = true;
      life.abort.abort();
    }
  }

  loseDatabase(): void {
    this.#database = withPowerCut(openDatabase(":memory:", 0));
  }

  #engineOptions(life: Life): EngineOptions {
    const { clock, diskOptions, plant } = this.#options;
    const { session } = this;
    const own: Clock = {
      now: () => clock.now() + this.skewMs,
      sleep: async (ms, signal) => {
        await clock.sleep(ms, signal);
        await life.alive();
      },
    };
    const mayCrash = async (undo?: () => void) => {
      await life.alive();
      if (!this.#random.chance(this.faults.crash)) return;
      this.kill();
      // What was not answered yet was not flushed yet.
      if (undo !== undefined && this.#random.chance(0.5)) undo();
      await never();
    };
    const random = this.#random.bytes;
    const call = createCaller({ http: this.network.http(mayCrash), clock: own, random });
    const sessions: SessionStore = {
      load: async () => this.#session,
      save: async (next) => {
        if (!life.isOver) this.#keep(next);
      },
      clear: async () => undefined,
    };
    const tokens = createTokens({ call, session, sessions, clock: own });
    const edge = createEdge({
      call: createSignedCaller(call, tokens),
      tokens,
      deviceName: this.name,
      hmac: hmacSha256,
      compression: zstdAtOnce,
    });
    const connect = this.network.connect(mayCrash);
    const disk = plant(this.disk.port((step, path, undo) => this.#diskStep(step, path, () => mayCrash(undo))));
    const ignore = loadIgnore(disk);
    const cache = createBlockCache({ store: this.#store, hashBlock });
    const early = { store: this.#early, clock: own, bytesMax: earlyBytesMax };
    const transfer = { disk, edge, hashBlock, codec: deltaCodec(), cache, compression: zstdAtOnce, memory, early };
    return {
      disk,
      edge,
      openFeed: (events) => openFeed({ connect, tokens, edge, events, clock: own, random }),
      openWatcher: (events) => this.#openWatcher(events, life),
      createTransfer: (knowledge, onSent) => createTransfer({ ...transfer, knowledge, onSent }),
      scan: (request) => scan({ ...request, ignore }),
      database: guarded(this.#database, life),
      clock: own,
      random,
      sha256,
      platform: { caseSensitive: diskOptions.caseSensitive, keepsModes: true, nameFault: () => undefined },
      allowMassDelete: true,
      onEvent: (event) => {
        if (!life.isOver) this.events.push(event);
      },
    };
  }

  async #diskStep(step: string, path: RelativePath, mayCrash: () => Promise<void>): Promise<void> {
    await mayCrash();
    if (step === "list" && this.#unreadable.has(path)) throw new DiskError("no-permission", path);
    if (this.#isFull && takesSpace.has(step)) throw new DiskError("no-space", path);
    // What is done is done: only a crash can come between it and its answer. Without its root nothing can be synced at all.
    if (step.endsWith(" done") || path === "" || !this.#random.chance(this.faults.disk)) return;
    this.diskFailures++;
    throw new DiskError(this.#random.pick(diskErrors), path);
  }

  /** A watch is on the folder, by whatever spelling: it tells of it by the one it was asked for. */
  #openWatcher(events: WatchEvents, life: Life): Watcher {
    const { caseSensitive, decomposes = false } = this.#options.diskOptions;
    const cased = (path: RelativePath) => (caseSensitive ? path : path.toLowerCase());
    const fold = (path: RelativePath) => cased(decomposes ? path.normalize("NFC") : path);
    const folders = new Map<string, RelativePath>();
    this.#watch = {
      dirty: (path) => {
        const watched = folders.get(fold(path));
        if (!life.isOver && watched !== undefined) events.dirty(watched);
      },
      lost: (why) => events.lost(why),
    };
    return {
      add: (path) => folders.set(fold(path), path),
      remove: (path) => folders.delete(fold(path)),
      [Symbol.asyncDispose]: async () => undefined,
    };
  }
}
