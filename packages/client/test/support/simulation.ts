/**
 * Several devices, one edge and time, all in memory and all from one seed: persons edit, lines break, answers get lost,
 * processes die at any call. Whatever happened, the devices become equal (I7) and nothing saved is lost (I5).
 */
import { decodeManifest } from "@ashlar/shared/manifest";
import { ManualClock } from "./manual-clock.ts";
import { Device } from "./device.ts";
import type { RelativePath } from "../../src/ports.ts";
import { SimulatedEdge, manifestOfText } from "./simulated-edge.ts";
import { Random } from "./random.ts";

export type SimulationOptions = {
  readonly seed: number;
  readonly devices: number;
  readonly steps: number;
  readonly lost: number;
  readonly crash: number;
};

const names = ["a", "b", "c", "d.txt", "e.txt", "f.md"];

export class Simulation {
  readonly random: Random;
  readonly clock = new ManualClock(Date.UTC(2026, 10, 22));
  readonly edge = new SimulatedEdge();
  readonly devices: Device[];
  readonly log: string[] = [];
  readonly #options: SimulationOptions;
  /** Every text that a person saved, and those that the same person overwrote or removed again. */
  readonly #saved = new Map<string, Device>();
  readonly #destroyed = new Set<string>();
  #count = 0;

  constructor(options: SimulationOptions) {
    this.#options = options;
    this.random = new Random(options.seed);
    this.devices = Array.from({ length: options.devices }, (_, index) => {
      const skewMs = index === 0 ? 0 : this.random.below(10) * 3_600_000 - 18_000_000;
      return new Device({
        clock: this.clock,
        edge: this.edge,
        name: `device ${index}`,
        seed: options.seed * 31 + index,
        allowMassDelete: true,
        skewMs,
      });
    });
  }

  async run(): Promise<void> {
    this.edge.refusals = 0.1;
    for (const device of this.devices) {
      Object.assign(device.faults, { lost: this.#options.lost, crash: this.#options.crash, latencyMs: 200 });
      device.start();
    }
    for (let step = 0; step < this.#options.steps; step++) {
      this.#step();
      await this.clock.pass(this.random.pick([0, 10, 300, 1000, 5000]));
      this.#raise();
    }
    await this.#calm();
  }

  #step(): void {
    const device = this.random.pick(this.devices);
    const dice = this.random.below(20);
    if (dice === 0) this.#say(device, "goes offline", () => (device.isOnline = false));
    else if (dice === 1) this.#say(device, "comes online", () => (device.isOnline = true));
    else if (dice === 2) this.#say(device, "is killed", () => device.kill());
    else if (dice === 3 && this.random.chance(0.2)) {
      this.#say(device, "loses its database", () => {
        device.kill();
        device.loseDatabase();
      });
    } else for (let count = 1 + this.random.below(3); count > 0; count--) this.#edit(device);
  }

  #say(device: Device, what: string, act: () => void): void {
    this.log.push(`${this.clock.now()} device ${this.devices.indexOf(device)} ${what}`);
    act();
  }

  /** Dead processes are begun again. */
  #raise(): void {
    for (const device of this.devices) {
      if (device.failure !== undefined) throw device.failure;
      if (!device.isRunning) device.start();
    }
  }

  /** Nobody edits, nothing fails: time until everything is equal. */
  async #calm(): Promise<void> {
    for (const device of this.devices) {
      Object.assign(device.faults, { lost: 0, crash: 0 });
      device.isOnline = true;
    }
    this.#raise();
    for (let round = 0; round < 60; round++) {
      for (const device of this.devices) device.engine.refresh();
      await this.clock.pass(20_000);
      this.#raise();
      if (this.devices.every((device) => device.engine.status().state === "equal") && this.difference() === undefined) break;
    }
    for (const device of this.devices) await device.stop();
  }

  /** In what the devices differ from each other or from the server; undefined when they are equal. */
  difference(): string | undefined {
    const listings = this.devices.map(({ disk }) => disk.listing().join("\n"));
    const server = [...this.edge.namespace.nodes.values()]
      .map((node) => `${this.edge.namespace.path(node.node)} ${node.kind} ${node.mode.toString(8)} ${this.#textOf(node.manifest)}`)
      .toSorted()
      .join("\n");
    const index = listings.findIndex((listing) => listing !== server);
    return index === -1 ? undefined : `device ${index} has\n${listings[index]}\nand the server\n${server}`;
  }

  /** Texts that were saved and are nowhere any more, though nobody removed them. */
  lost(): string[] {
    const versions = this.edge.namespace.versions;
    const onDisks = new Set(this.devices.flatMap(({ disk }) => [...disk.items()].map(([, { bytes }]) => new TextDecoder().decode(bytes))));
    return [...this.#saved.keys()].filter(
      (text) => !this.#destroyed.has(text) && !versions.has(manifestOfText(text)) && !onDisks.has(text),
    );
  }

  #textOf(manifest: string | null): string {
    if (manifest === null) return "";
    return Buffer.concat(decodeManifest(manifest).map(({ hash }) => this.edge.blocks.get(hash) ?? new Uint8Array())).toString();
  }

  // --- what a person does ---

  #edit(device: Device): void {
    const { disk } = device;
    const items = [...disk.items()];
    const paths = items.map(([path]) => path);
    const files = items.filter(([, { kind }]) => kind === "file").map(([path]) => path);
    const act = this.random.below(14);
    const path = paths.length > 0 ? this.random.pick(paths) : undefined;
    const file = files.length > 0 ? this.random.pick(files) : undefined;
    const free = this.#freePath(device);
    if (act <= 2 || path === undefined) {
      if (free !== undefined) this.#act(device, `writes ${free}`, () => disk.userWrite(free, this.#text(device)));
    } else if (act === 3) {
      if (free !== undefined) this.#act(device, `makes folder ${free}`, () => disk.userMakeFolder(free));
    } else if (act <= 5 && file !== undefined) {
      this.#destroy(device, file);
      this.#act(device, `edits ${file}`, () =>
        act === 4 ? disk.userWrite(file, this.#text(device)) : disk.userReplace(file, this.#text(device)),
      );
    } else if (act <= 8) {
      if (free !== undefined && !`${free}/`.startsWith(`${path}/`))
        this.#act(device, `moves ${path} to ${free}`, () => disk.userMove(path, free));
    } else if (act === 9) {
      const other = this.random.pick(paths);
      const isNested = `${other}/`.startsWith(`${path}/`) || `${path}/`.startsWith(`${other}/`);
      if (!isNested) this.#act(device, `swaps ${path} and ${other}`, () => disk.userSwap(path, other));
    } else if (act === 10) {
      this.#destroy(device, path);
      this.#act(device, `removes ${path}`, () => disk.userRemove(path));
    } else if (act === 11) {
      this.#destroy(device, path);
      const isFolder = disk.find(path)?.kind === "folder";
      this.#act(device, `turns ${path} into another kind`, () => {
        disk.userRemove(path);
        if (isFolder) disk.userWrite(path, this.#text(device));
        else disk.userMakeFolder(path);
      });
    } else if (act === 12) {
      if (disk.find(path)?.kind !== "symlink")
        this.#act(device, `changes the mode of ${path}`, () => disk.userChmod(path, this.random.pick([0o755, 0o700, 0o644])));
    } else {
      this.#act(device, `touches ${path}`, () => disk.userTouch(path));
    }
  }

  #act(device: Device, what: string, act: () => void): void {
    this.#say(device, what, act);
  }

  #text(device: Device): string {
    // Some are short enough to travel in the commit, some are not.
    const text = `${this.#count++}${this.random.chance(0.3) ? " and much more text than fits inline" : ""}`;
    this.#saved.set(text, device);
    return text;
  }

  #destroy(device: Device, path: RelativePath): void {
    const { disk } = device;
    for (const [other, { bytes }] of disk.items()) {
      if (other === path || other.startsWith(`${path}/`)) this.#destroyed.add(new TextDecoder().decode(bytes));
    }
  }

  #freePath(device: Device): RelativePath | undefined {
    const folders = ["", ...[...device.disk.items()].filter(([, { kind }]) => kind === "folder").map(([path]) => path)];
    const folder = this.random.pick(folders);
    if (folder.split("/").length > 4) return undefined;
    const path = `${folder === "" ? "" : `${folder}/`}${this.random.pick(names)}`;
    return device.disk.find(path) === undefined ? path : undefined;
  }
}
