/**
 * Everything in one process and from one seed: persons, devices with the real client, networks that lose and repeat, disks that
 * fail, and an edge of the Workers' real code whose processes die at any call. Whatever happened, afterwards all is equal
 * (I7), nothing saved is lost (I5), and storage is as it must be (I1, I3, I4, I8).
 */
import { createHash } from "node:crypto";
import { beginIsolate } from "@ashlar/api/delta/rebuild";
import { HaltError } from "@ashlar/client/engine/types";
import type { Disk } from "@ashlar/client/ports";
import { encodeManifest } from "@ashlar/shared/manifest";
import type { BlockHash } from "@ashlar/shared/ids";
import { ManualClock } from "../../../packages/client/test/support/manual-clock.ts";
import { Random } from "../../../packages/client/test/support/random.ts";
import type { DiskOptions } from "../../../packages/client/test/support/simulated-disk.ts";
import type { SqliteD1 } from "../../../packages/server/test/support/sqlite-d1.ts";
import { deletionFaults, readNamespace, storageFaults } from "./checks.ts";
import { SimulatedDevice } from "./device.ts";
import { EdgeInMemory } from "./edge.ts";
import { noFaults } from "./faults.ts";
import { Persons } from "./person.ts";
import { usePlatform } from "./platform.ts";

export type Storm = {
  readonly devices: number;
  readonly steps: number;
  /** From 0, where nothing fails, to 1. */
  readonly violence: number;
};

/** A bug put in on purpose, to see that it is found. */
export type Plant = {
  readonly disk?: (disk: Disk) => Disk;
  readonly database?: (db: SqliteD1, name: string) => SqliteD1;
};

export type Verdict = {
  readonly seed: number;
  /** Sentences; none: all is well. */
  readonly faults: readonly string[];
  /** What happened, line by line: the same for the same seed. */
  readonly trace: readonly string[];
  readonly counts: Readonly<Record<string, number>>;
};

const email = "person@example.org";
const startMs = Date.UTC(2026, 10, 22);
const pausesMs = [0, 10, 300, 1000, 5000, 30_000];
const hiddenMs = 120_000;
const dayMs = 86_400_000;
/** Between the collector's runs: the second finds what the first had to leave, and the last what 72 hours protected. */
const daysAway: readonly number[] = [0.1, 0.1, 3.2, 0.1];
const calmRounds = 60;
const plainDisk: DiskOptions = { caseSensitive: true };
/** The third knows neither case nor form, as Apple's older file system; a fourth knows case. */
const disks: readonly DiskOptions[] = [
  plainDisk,
  plainDisk,
  { caseSensitive: false, decomposes: true },
  { caseSensitive: true, decomposes: true },
];

export async function simulate(seed: number, storm: Storm, plant: Plant = {}): Promise<Verdict> {
  const clock = new ManualClock(startMs);
  const restore = usePlatform(clock, new Random(seed ^ 0x5eed));
  beginIsolate();
  // What the edge reports of failures that were made on purpose.
  const { error, warn } = console;
  Object.assign(console, { error: () => undefined, warn: () => undefined });
  try {
    return await new Simulation(seed, storm, plant, clock).run();
  } finally {
    Object.assign(console, { error, warn });
    restore();
  }
}

class Simulation {
  readonly #seed: number;
  readonly #storm: Storm;
  readonly #clock: ManualClock;
  readonly #random: Random;
  readonly #persons: Persons;
  readonly #edge: EdgeInMemory;
  readonly #devices: readonly SimulatedDevice[];
  readonly #trace: string[] = [];
  readonly #faults: string[] = [];
  #acts = 0;
  #isDaysAway = false;
  #collections = 0;

  constructor(seed: number, storm: Storm, plant: Plant, clock: ManualClock) {
    this.#seed = seed;
    this.#storm = storm;
    this.#clock = clock;
    this.#random = new Random(seed);
    this.#persons = new Persons(this.#random);
    this.#edge = new EdgeInMemory(clock, new Random(seed * 7 + 1));
    if (plant.database !== undefined) this.#edge.plant = plant.database;
    this.#devices = Array.from(
      { length: storm.devices },
      (_, index) =>
        new SimulatedDevice({
          clock,
          edge: this.#edge,
          name: `device ${index}`,
          seed: seed * 31 + index,
          diskOptions: disks[index % disks.length] ?? plainDisk,
          plant: plant.disk ?? ((disk) => disk),
        }),
    );
  }

  async run(): Promise<Verdict> {
    for (const [index, device] of this.#devices.entries()) await device.signIn(email, index === 0);
    this.#unleash();
    for (const device of this.#devices) device.start();
    for (let step = 0; step < this.#storm.steps && this.#faults.length === 0; step++) {
      this.#step();
      await this.#clock.pass(this.#random.pick(pausesMs));
      await this.#raise();
      if (this.#isDaysAway) await this.#passDays();
    }
    await this.#calm();
    this.#judge();
    for (const { seq, at, type, path, node_id } of readNamespace(this.#edge).changes) {
      this.#trace.push(`journal ${seq}: at ${at - startMs} ${type} ${path} (${node_id.slice(0, 4)})`);
    }
    for (const device of this.#devices) this.#trace.push(...device.events.map((event) => `${device.name} says ${JSON.stringify(event)}`));
    return { seed: this.#seed, faults: this.#faults, trace: this.#trace, counts: this.#counts() };
  }

  /** How bad it gets differs from run to run: some faults show only when the others leave time for them. */
  #unleash(): void {
    const { violence } = this.#storm;
    const some = (most: number) => (this.#random.chance(0.6) ? most * violence * this.#random.next() : 0);
    Object.assign(this.#edge.steps.faults, {
      crash: some(0.04),
      fail: some(0.06),
      lostAnswer: some(0.06),
      late: some(0.04),
      latencyMs: 30,
    });
    for (const device of this.#devices) {
      Object.assign(device.faults, { crash: some(0.01), disk: some(0.02) });
      Object.assign(device.network.faults, { lost: some(0.08), twice: some(0.05), latencyMs: 200 });
    }
  }

  #step(): void {
    const device = this.#random.pick(this.#devices);
    const dice = this.#random.below(26);
    const isViolent = this.#random.chance(this.#storm.violence);
    if (dice === 0) this.#say(device, "goes offline", () => (device.network.isOnline = false));
    else if (dice <= 2) this.#say(device, "comes online", () => (device.network.isOnline = true));
    else if (dice === 3 && isViolent) this.#say(device, "is killed", () => device.kill());
    else if (dice === 4 && isViolent) this.#say(undefined, "the edge's objects die", () => this.#edge.crash());
    else if (dice === 5 && isViolent) this.#say(undefined, "the edge's objects are there twice", () => this.#edge.split());
    else if (dice === 6 && isViolent)
      this.#say(device, "has its clock set", () => (device.skewMs = (this.#random.below(11) - 5) * 3_600_000));
    else if (dice === 8 && isViolent) this.#hide(device);
    else if (dice === 9 && isViolent) this.#say(device, "has a full disk for a while", () => device.fill(hiddenMs));
    else if (dice === 10 && isViolent && this.#random.chance(0.1)) this.#isDaysAway = true;
    else if (dice === 7 && isViolent && this.#random.chance(0.3)) {
      this.#say(device, "loses its database", () => {
        device.kill();
        device.loseDatabase();
      });
    } else for (let count = 1 + this.#random.below(3); count > 0; count--) this.#act(device);
  }

  /** Only from a device that has seen what is in it: what was put there since would be taken for removed, and rightly. */
  #hide(device: SimulatedDevice): void {
    if (device.engine.status().state !== "equal") return;
    const folders = [...device.disk.items()].filter(([, { kind }]) => kind === "folder").map(([path]) => path);
    if (folders.length === 0) return;
    const path = this.#random.pick(folders);
    this.#say(device, `cannot list ${path} for a while`, () => device.hide(path, hiddenMs));
  }

  #act(device: SimulatedDevice): void {
    const what = this.#persons.act(device.disk, (path) => device.isHidden(path));
    if (what === undefined) return;
    this.#acts++;
    this.#say(device, what, () => undefined);
  }

  #say(device: SimulatedDevice | undefined, what: string, act: () => void): void {
    this.#trace.push(`${this.#clock.now() - startMs} ${device === undefined ? "" : `${device.name} `}${what}`);
    act();
  }

  /** As often as the storm makes it necessary. */
  async #signIn(device: SimulatedDevice): Promise<void> {
    for (;;) {
      try {
        return await device.signIn(email, false);
      } catch {
        await this.#clock.sleep(10_000);
        device.network.isOnline = true;
      }
    }
  }

  /** Everybody is away, devices run, and the collector comes by: long enough for what nobody holds to go. */
  async #passDays(): Promise<void> {
    this.#isDaysAway = false;
    this.#say(undefined, "days pass", () => undefined);
    for (let run = 0; run < daysAway.length; run++) {
      await this.#clock.pass((daysAway[run] ?? 0) * dayMs);
      await this.#raise();
      // It may be cut short by the storm like everything else, and goes on with the next.
      await this.#clock.passUntil(this.#edge.collect(), 3_600_000).catch(() => undefined);
      this.#collections++;
    }
  }

  /** Dead processes are begun again; one that ended by itself is a fault. */
  async #raise(): Promise<void> {
    for (const device of this.#devices) {
      if (isSignedOut(device.failure)) {
        device.failure = undefined;
        this.#say(device, "signs in again", () => undefined);
        await this.#clock.passUntil(this.#signIn(device), 3_600_000);
        device.start();
      } else if (device.failure !== undefined) {
        this.#faults.push(`${device.name} ended: ${describe(device.failure)}`);
        device.failure = undefined;
      }
      if (!device.isRunning) device.start();
    }
    const failures = this.#edge.failures.splice(0);
    this.#faults.push(
      ...failures.filter((failure) => !isMade(failure)).map((failure) => `the edge failed beside an answer: ${describe(failure)}`),
    );
  }

  /** Nobody edits, nothing fails: time until everything is equal. */
  async #calm(): Promise<void> {
    Object.assign(this.#edge.steps.faults, noFaults);
    for (const device of this.#devices) {
      Object.assign(device.faults, { crash: 0, disk: 0 });
      Object.assign(device.network.faults, { lost: 0, twice: 0 });
      device.network.isOnline = true;
    }
    await this.#raise();
    for (let round = 0; round < calmRounds; round++) {
      for (const device of this.#devices) device.engine.refresh();
      await this.#clock.pass(20_000);
      await this.#raise();
      this.#partClashes(round);
      if (this.#devices.every((device) => device.engine.status().state === "equal") && this.#difference() === undefined) break;
    }
    for (const device of this.#devices) {
      await device.stop().catch((error: unknown) => this.#faults.push(`${device.name} does not stop: ${describe(error)}`));
    }
    // What was late by then has come.
    await this.#clock.pass(120_000);
  }

  /** Two names that a disk or the wire takes for one wait there until a person renames one of them, where both are seen. */
  #partClashes(round: number): void {
    const isClashing = this.#devices.some(({ engine }) => engine.status().waiting.some(({ reason }) => reason === "clash"));
    if (!isClashing) return;
    for (const [index, device] of this.#devices.entries()) {
      const fold = (path: string) => (index === 0 ? path.normalize("NFC").toLowerCase() : path.normalize("NFC"));
      const seen = new Set<string>();
      for (const [path] of device.disk.items()) {
        if (seen.has(fold(path))) return this.#say(device, `renames ${path}`, () => device.disk.userMove(path, `${path} ${round}`));
        seen.add(fold(path));
      }
    }
  }

  #judge(): void {
    const difference = this.#difference();
    if (difference !== undefined) this.#faults.push(`I7: ${difference}`);
    const wanted = this.#wanted();
    this.#faults.push(...deletionFaults(readNamespace(this.#edge), new Set(wanted.keys())));
    this.#faults.push(...this.#lost(wanted).map((text) => `I5: "${text.slice(0, 40)}" was saved and is nowhere any more`));
    this.#faults.push(...storageFaults(this.#edge));
  }

  /** In what the devices differ from the server; undefined when they are equal. */
  #difference(): string | undefined {
    const server = serverListing(this.#edge);
    for (const device of this.#devices) {
      const here = [...device.disk.items()]
        .map(([path, { kind, mode, bytes }]) => line(path.normalize("NFC"), kind, mode, kind === "folder" ? "" : manifestOf(bytes)))
        .toSorted();
      const at = Array.from({ length: Math.max(here.length, server.length) }, (_, index) => index).find(
        (index) => here[index] !== server[index],
      );
      if (at !== undefined) return `${device.name} has ${here[at] ?? "nothing"} where the server has ${server[at] ?? "nothing"}`;
    }
    return undefined;
  }

  /** Texts that were saved and are nowhere any more, though nobody removed them. */
  #lost(wanted: ReadonlyMap<string, string>): string[] {
    const versions = new Set(readNamespace(this.#edge).versions.map(({ manifest }) => manifest));
    return [...wanted].flatMap(([manifest, text]) => (versions.has(manifest) ? [] : [text]));
  }

  /** What was saved and neither removed nor overwritten, by its manifest. */
  #wanted(): Map<string, string> {
    const { saved, destroyed } = this.#persons;
    const texts = [...saved].filter((text) => !destroyed.has(text));
    return new Map(texts.map((text) => [manifestOf(new TextEncoder().encode(text)), text]));
  }

  #counts(): Record<string, number> {
    const sum = (value: (device: SimulatedDevice) => number) => this.#devices.reduce((total, device) => total + value(device), 0);
    return {
      acts: this.#acts,
      collections: this.#collections,
      deviceCrashes: sum(({ crashes }) => crashes),
      diskFailures: sum(({ diskFailures }) => diskFailures),
      ...this.#edge.steps.counts,
    };
  }
}

function serverListing(edge: EdgeInMemory): string[] {
  const { live, versions } = readNamespace(edge);
  const nodes = new Map(live.map((node) => [node.node_id, node]));
  const manifests = new Map(versions.map((row) => [`${row.node_id}/${row.version}`, row.manifest]));
  return live
    .filter(({ parent_id }) => parent_id !== null)
    .map((node) => {
      const names: string[] = [];
      for (let at: typeof node | undefined = node; at !== undefined && at.parent_id !== null; at = nodes.get(at.parent_id))
        names.push(at.name);
      return line(names.toReversed().join("/"), node.kind, node.mode, manifests.get(`${node.node_id}/${node.version}`) ?? "");
    })
    .toSorted();
}

const line = (path: string, kind: string, mode: number, manifest: string) => `${path} ${kind} ${mode.toString(8)} ${manifest}`;

/** All texts are one block. */
function manifestOf(bytes: Uint8Array): string {
  if (bytes.length === 0) return "";
  return encodeManifest([{ hash: createHash("sha256").update(bytes).digest("hex") as BlockHash, size: bytes.length }]);
}

/** A renewal's answer was lost and asked for again after more than five minutes: it looks like a stolen token (decision 0014). */
const isSignedOut = (failure: unknown): boolean => failure instanceof HaltError && failure.code === "signed-out";
const isMade = (failure: unknown): boolean =>
  failure instanceof Error && /D1_ERROR|has been replaced|process behind this/.test(failure.message);
const describe = (failure: unknown): string => (failure instanceof Error ? (failure.stack ?? failure.message) : String(failure));
