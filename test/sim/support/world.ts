/** All that one run is made of, from one seed, and what is written down of it. */
import type { Disk } from "@ashlar/client/ports";
import { ManualClock } from "../../../packages/client/test/support/manual-clock.ts";
import { Random } from "../../../packages/client/test/support/random.ts";
import type { DiskOptions } from "../../../packages/client/test/support/simulated-disk.ts";
import type { SqliteD1 } from "../../../packages/server/test/support/sqlite-d1.ts";
import { SimulatedDevice } from "./device.ts";
import { EdgeInMemory } from "./edge.ts";
import { Persons } from "./person.ts";

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

const startMs = Date.UTC(2026, 10, 22);
const plainDisk: DiskOptions = { caseSensitive: true };
/** The third knows neither case nor form, as Apple's older file system; a fourth knows case. */
const disks: readonly DiskOptions[] = [
  plainDisk,
  plainDisk,
  { caseSensitive: false, decomposes: true },
  { caseSensitive: true, decomposes: true },
];

export class World {
  readonly clock = new ManualClock(startMs);
  readonly random: Random;
  readonly persons: Persons;
  readonly edge: EdgeInMemory;
  readonly devices: readonly SimulatedDevice[];
  /** Sentences: what must never be. */
  readonly faults: string[] = [];
  readonly trace: string[] = [];
  readonly counts = { acts: 0, collections: 0, signedOut: 0 };

  constructor(seed: number, count: number, { disk: plantDisk = (disk) => disk, database }: Plant) {
    const { clock } = this;
    this.random = new Random(seed);
    this.persons = new Persons(this.random);
    const edge = new EdgeInMemory(clock, new Random(seed * 7 + 1));
    if (database !== undefined) edge.plant = database;
    this.edge = edge;
    this.devices = Array.from(
      { length: count },
      (_, index) =>
        new SimulatedDevice({
          clock,
          edge,
          name: `device ${index}`,
          seed: seed * 31 + index,
          diskOptions: disks[index % disks.length] ?? plainDisk,
          plant: plantDisk,
        }),
    );
  }

  /** Since the run began. */
  ms(at: number): number {
    return at - startMs;
  }

  /** Writes down what happens to a device, or to the edge. */
  say(device: SimulatedDevice | undefined, what: string): void {
    this.trace.push(`${this.ms(this.clock.now())} ${device === undefined ? "" : `${device.name} `}${what}`);
  }
}

export const describe = (failure: unknown): string => (failure instanceof Error ? (failure.stack ?? failure.message) : String(failure));
