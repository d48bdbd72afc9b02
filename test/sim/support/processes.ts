/** The devices' processes: those that ended are begun again, unless they should never have ended. */
import { HaltError } from "@ashlar/client/engine/types";
import type { SimulatedDevice } from "./device.ts";
import type { EdgeInMemory } from "./edge.ts";
import { sessionFault } from "./session-fault.ts";
import { describe, type World } from "./world.ts";

export const email = "person@example.org";
const signInMsMax = 3_600_000;

/** Dead processes are begun again; one that ended by itself is a fault, and so is a failure of the edge beside an answer. */
export async function raise(world: World): Promise<void> {
  for (const device of world.devices) {
    if (isSignedOut(device.failure)) await signInAgain(world, device);
    else if (device.failure !== undefined) world.faults.push(`${device.name} ended: ${describe(device.failure)}`);
    device.failure = undefined;
    if (!device.isRunning) device.start();
  }
  const failures = world.edge.failures.splice(0).filter((failure) => !isMade(world, failure));
  world.faults.push(...failures.map((failure) => `the edge failed beside an answer: ${describe(failure)}`));
}

/** As a person does who was signed out, if it was for a reason. */
async function signInAgain(world: World, device: SimulatedDevice): Promise<void> {
  const fault = sessionFault(world.edge, device, world.clock.now());
  if (fault !== undefined) world.faults.push(`${device.name} was signed out: ${fault}`);
  world.counts.signedOut++;
  world.say(device, "signs in again");
  await world.clock.passUntil(untilSignedIn(world, device), signInMsMax);
  device.start();
}

/** As often as the storm makes it necessary. */
async function untilSignedIn({ clock }: World, device: SimulatedDevice): Promise<void> {
  for (;;) {
    try {
      return await device.signIn(email, false);
    } catch {
      await clock.sleep(10_000);
      device.network.isOnline = true;
    }
  }
}

const isSignedOut = (failure: unknown): boolean => failure instanceof HaltError && failure.code === "signed-out";

/** What the edge may report, and in which lives: what the storm does to it, and what it is there to refuse. */
const excuses: readonly (readonly [RegExp, (edge: EdgeInMemory) => boolean])[] = [
  // Only a step that was let fail says so.
  [/^D1_ERROR: Network connection lost\.$/, ({ steps: { counts } }) => counts.fail + counts.lostAnswer > 0],
  [/^D1_ERROR: The operation timed out\.$/, ({ steps: { counts } }) => counts.late > 0],
  // Only an instance that ended, and what it had called, says so.
  [/^the process behind this is gone$/, ({ hasRaced }) => hasRaced],
  [/^this object has been replaced$/, ({ hasRaced }) => hasRaced],
  // The fences refuse what a second instance would do, and so only where there was one.
  [/^NOT NULL constraint failed: namespaces\.seq$/, ({ hasRaced }) => hasRaced],
  [/^UNIQUE constraint failed: changes\./, ({ hasRaced }) => hasRaced],
  // A request that came twice writes its objects twice, and a socket may end while something is pushed: in any life.
  [/^put: Reduce your rate of requests/, () => true],
  [/^this socket is closed$/, () => true],
];

function isMade({ edge }: World, failure: unknown): boolean {
  const text = failure instanceof Error ? failure.message : String(failure);
  return excuses.some(([pattern, isDue]) => pattern.test(text) && isDue(edge));
}
