/** A folder with many files that is moved, on devices that have it on their disks: the real command, the real watcher. */
import { existsSync } from "node:fs";
import { rename } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { openConnection } from "@ashlar/client/node/connection";
import { openHome } from "@ashlar/client/node/home";
import { rootId } from "@ashlar/shared/ids";
import { eventually } from "../test/e2e/support/eventually.ts";
import type { House } from "../test/e2e/support/house.ts";
import { create, mkdir, move, nodeId, send } from "./tree-ops.ts";

export type Moved = { readonly what: string; readonly requests: number; readonly kilobytes: number; readonly seconds: number };

const pollMs = 1;
const hurryMs = 1_800_000;
const times = 3;

async function secondsUntil(isThere: () => boolean): Promise<number> {
  const startedMs = performance.now();
  while (!isThere()) {
    if (performance.now() - startedMs > hurryMs) throw new Error("it never came");
    await sleep(pollMs);
  }
  return (performance.now() - startedMs) / 1000;
}

/** The median of three moves each: told by the server, and done on one device's disk. */
export async function measureBigFolder(house: House, files: number): Promise<Moved[]> {
  const account = { email: "mover@example.org" };
  const [one, other] = [await house.device("one", { ...account, register: true }), await house.device("other", account)];
  const home = await openHome(one.home);
  const signedIn = await home.currentAccount();
  if (signedIn === undefined) throw new Error("nobody is signed in");
  await using connection = openConnection(home, signedIn);
  const { edge } = connection;
  const [big, target] = [nodeId(), nodeId()];
  await send(edge, [mkdir(big, rootId, "big"), mkdir(target, rootId, "target")]);
  await send(
    edge,
    Array.from({ length: files }, (_, index) => create(nodeId(), big, `file ${index}.txt`)),
  );
  const running = [one, other].map((device) => device.start());
  const areEqual = () => running.every(({ events }) => events.some(({ type }) => type === "equal"));
  await eventually(() => (areEqual() ? undefined : "the devices are not equal yet"), hurryMs);
  // Both have armed their watches by then, and scanned what they wrote themselves.
  await sleep(5000);

  const last = `file ${files - 1}.txt`;
  const told: Moved[] = [];
  const done: Moved[] = [];
  const measure = async (what: string, path: string, make: () => Promise<void>): Promise<Moved> => {
    const { proxy } = other;
    const bytes = () => proxy.wire().up + proxy.wire().down;
    const [bytesBefore, requests] = [bytes(), proxy.passed.length];
    const arrived = secondsUntil(() => existsSync(join(other.folder, path, last)));
    const startedMs = performance.now();
    await make();
    await arrived;
    const seconds = (performance.now() - startedMs) / 1000;
    await sleep(2000);
    return { what, requests: proxy.passed.length - requests, kilobytes: (bytes() - bytesBefore) / 1000, seconds };
  };
  let rev = 1;
  for (let time = 0; time < times; time++) {
    const name = `told ${time}`;
    const path = join("target", name);
    const what = `move of a folder with ${files} files: from the commit to the other device's disk`;
    told.push(await measure(what, path, () => send(edge, [move(big, rev++, target, name)])));
    await secondsUntil(() => existsSync(join(one.folder, path, last)));
  }
  await sleep(5000);
  let from = join("target", `told ${times - 1}`);
  for (let time = 0; time < times; time++) {
    const to = `done ${time}`;
    const what = `the same, from the rename on one disk to the rename on the other`;
    done.push(await measure(what, to, () => rename(join(one.folder, from), join(one.folder, to))));
    from = to;
    await sleep(5000);
  }
  for (const command of running) await command[Symbol.asyncDispose]();
  return [told, done].map(median);
}

function median(moves: readonly Moved[]): Moved {
  const middle = moves.toSorted((one, other) => one.seconds - other.seconds)[Math.floor(moves.length / 2)];
  if (middle === undefined) throw new RangeError("nothing was measured");
  return middle;
}
