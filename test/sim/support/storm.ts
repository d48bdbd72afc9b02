/** What fails while it lasts, and what happens to devices and edge in it, one step after the other. */
import type { SimulatedDevice } from "./device.ts";
import { noFaults } from "./faults.ts";
import type { World } from "./world.ts";

const hiddenMs = 120_000;

/** How bad it gets differs from run to run: some faults show only when the others leave time for them. */
export function unleash({ random, edge, devices }: World, violence: number): void {
  const some = (most: number) => (random.chance(0.6) ? most * violence * random.next() : 0);
  Object.assign(edge.steps.faults, { crash: some(0.04), fail: some(0.06), lostAnswer: some(0.06), late: some(0.04), latencyMs: 30 });
  for (const device of devices) {
    Object.assign(device.faults, { crash: some(0.01), disk: some(0.02) });
    Object.assign(device.network.faults, { lost: some(0.08), twice: some(0.05), latencyMs: 200 });
  }
}

/** From now on nothing fails. */
export function abate({ edge, devices }: World): void {
  Object.assign(edge.steps.faults, noFaults);
  for (const device of devices) {
    Object.assign(device.faults, { crash: 0, disk: 0 });
    Object.assign(device.network.faults, { lost: 0, twice: 0 });
    device.network.isOnline = true;
  }
}

/** Answers whether everybody goes away for days after it. */
export function takeStep(world: World, violence: number): boolean {
  const { random, edge } = world;
  const device = random.pick(world.devices);
  const dice = random.below(26);
  const isViolent = random.chance(violence);
  const say = (what: string) => world.say(device, what);
  if (dice === 0) {
    say("goes offline");
    device.network.isOnline = false;
  } else if (dice <= 2) {
    say("comes online");
    device.network.isOnline = true;
  } else if (dice === 3 && isViolent) {
    say("is killed");
    device.kill();
  } else if (dice === 4 && isViolent) {
    world.say(undefined, "the edge's objects die");
    edge.crash();
  } else if (dice === 5 && isViolent) {
    world.say(undefined, "the edge's objects are there twice");
    edge.split();
  } else if (dice === 6 && isViolent) {
    say("has its clock set");
    device.skewMs = (random.below(11) - 5) * 3_600_000;
  } else if (dice === 8 && isViolent) hide(world, device);
  else if (dice === 9 && isViolent) {
    say("has a full disk for a while");
    device.fill(hiddenMs);
  } else if (dice === 10 && isViolent && random.chance(0.1)) return true;
  else if (dice === 7 && isViolent && random.chance(0.3)) {
    say("loses its database");
    device.kill();
    device.loseDatabase();
  } else for (let count = 1 + random.below(3); count > 0; count--) act(world, device);
  return false;
}

/** Only from a device that has seen what is in it: what was put there since would be taken for removed, and rightly. */
function hide(world: World, device: SimulatedDevice): void {
  if (!device.isSeen) return;
  const folders = [...device.disk.items()].filter(([, { kind }]) => kind === "folder").map(([path]) => path);
  if (folders.length === 0) return;
  const path = world.random.pick(folders);
  world.say(device, `cannot list ${path} for a while`);
  device.hide(path, hiddenMs);
}

function act(world: World, device: SimulatedDevice): void {
  const what = world.persons.act(device.disk, (path) => device.isHidden(path));
  if (what === undefined) return;
  world.counts.acts++;
  world.say(device, what);
}
