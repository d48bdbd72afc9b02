/**
 * Everything in one process and from one seed: persons, devices with the real client, networks that lose and repeat, disks that
 * fail, and an edge of the Workers' real code whose processes die at any call. Whatever happened, afterwards all is equal
 * (I7), nothing saved is lost (I5), and storage is as it must be (I1, I3, I4, I8).
 */
import { beginIsolate } from "@ashlar/api/delta/rebuild";
import { Random } from "../../../packages/client/test/support/random.ts";
import { readNamespace } from "./checks.ts";
import type { EdgeInMemory } from "./edge.ts";
import { differenceOf, judge } from "./judgement.ts";
import { usePlatform } from "./platform.ts";
import { email, raise } from "./processes.ts";
import { abate, takeStep, unleash } from "./storm.ts";
import { describe, type Plant, type Storm, World } from "./world.ts";

export type Verdict = {
  readonly seed: number;
  /** Sentences; none: all is well. */
  readonly faults: readonly string[];
  /** What happened, line by line: the same for the same seed. */
  readonly trace: readonly string[];
  readonly counts: Readonly<Record<string, number>>;
};

const pausesMs = [0, 10, 300, 1000, 5000, 30_000];
const dayMs = 86_400_000;
/** Between the collector's runs: the second finds what the first had to leave, and the last what 72 hours protected. */
const daysAway: readonly number[] = [0.1, 0.1, 3.2, 0.1];
const calmRounds = 60;

export async function simulate(seed: number, storm: Storm, plant: Plant = {}): Promise<Verdict> {
  const world = new World(seed, storm.devices, plant);
  const restore = usePlatform(world.clock, new Random(seed ^ 0x5eed));
  beginIsolate();
  const unhear = hearReports(world.edge);
  try {
    await live(world, storm);
    return { seed, faults: world.faults, trace: [...world.trace, ...records(world)], counts: countsOf(world) };
  } finally {
    for (const device of world.devices) device.bury();
    await world.clock.settle();
    unhear();
    restore();
  }
}

/** What the edge reports is judged like what fails beside an answer, and not printed; the answer puts the console back. */
function hearReports({ failures }: EdgeInMemory): () => void {
  const { error, warn } = console;
  const hear = (...said: readonly unknown[]) => void failures.push(said.find((one) => one instanceof Error) ?? said.join(" "));
  Object.assign(console, { error: hear, warn: hear });
  return () => void Object.assign(console, { error, warn });
}

async function live(world: World, { steps, violence }: Storm): Promise<void> {
  const { clock, random, devices, faults } = world;
  for (const [index, device] of devices.entries()) await device.signIn(email, index === 0);
  unleash(world, violence);
  for (const device of devices) device.start();
  for (let step = 0; step < steps && faults.length === 0; step++) {
    const isDaysAway = takeStep(world, violence);
    await clock.pass(random.pick(pausesMs));
    await raise(world);
    if (isDaysAway) await passDays(world);
  }
  await calm(world);
  faults.push(...judge(world));
}

/** Everybody is away, devices run, and the collector comes by: long enough for what nobody holds to go. */
async function passDays(world: World): Promise<void> {
  world.say(undefined, "days pass");
  for (const days of daysAway) {
    // Whoever is off all the time misses what leases and sessions live through.
    for (const device of world.devices) if (days > 1 && world.random.chance(0.5)) device.kill();
    await world.clock.pass(days * dayMs);
    await raise(world);
    // It may be cut short by the storm like everything else, and goes on with the next.
    await world.clock.passUntil(world.edge.collect(), 3_600_000).catch(() => undefined);
    world.counts.collections++;
  }
}

/** Nobody edits, nothing fails: time until everything is equal. */
async function calm(world: World): Promise<void> {
  const { clock, devices, faults } = world;
  abate(world);
  await raise(world);
  for (let round = 0; round < calmRounds; round++) {
    for (const device of devices) device.engine.refresh();
    await clock.pass(20_000);
    await raise(world);
    partClashes(world, round);
    if (devices.every((device) => device.engine.status().state === "equal") && differenceOf(world) === undefined) break;
  }
  for (const device of devices) {
    await device.stop().catch((error: unknown) => faults.push(`${device.name} does not stop: ${describe(error)}`));
  }
  // What was late by then has come.
  await clock.pass(120_000);
}

/** Two names that a disk or the wire takes for one wait there until a person renames one of them, where both are seen. */
function partClashes(world: World, round: number): void {
  const isClashing = world.devices.some(({ engine }) => engine.status().waiting.some(({ reason }) => reason === "clash"));
  if (!isClashing) return;
  for (const [index, device] of world.devices.entries()) {
    const fold = (path: string) => (index === 0 ? path.normalize("NFC").toLowerCase() : path.normalize("NFC"));
    const seen = new Set<string>();
    for (const [path] of device.disk.items()) {
      if (seen.has(fold(path))) {
        world.say(device, `renames ${path}`);
        return device.disk.userMove(path, `${path} ${round}`);
      }
      seen.add(fold(path));
    }
  }
}

/** What the journal and the devices say of it. */
function records(world: World): string[] {
  const journal = readNamespace(world.edge).changes.map(
    ({ seq, at, type, path, node_id }) => `journal ${seq}: at ${world.ms(at)} ${type} ${path} (${node_id.slice(0, 4)})`,
  );
  return [...journal, ...world.devices.flatMap(({ name, events }) => events.map((event) => `${name} says ${JSON.stringify(event)}`))];
}

function countsOf({ counts, devices, edge }: World): Record<string, number> {
  const sum = (value: (device: (typeof devices)[number]) => number) => devices.reduce((total, device) => total + value(device), 0);
  return {
    ...counts,
    deviceCrashes: sum(({ crashes }) => crashes),
    diskFailures: sum(({ diskFailures }) => diskFailures),
    ...edge.steps.counts,
  };
}
