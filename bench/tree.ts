/**
 * `npm run bench:tree`: what a device without a usable cursor asks to know a tree of a million files again, and what a move of a
 * folder with many files costs. The files are empty and made by commits of a thousand, so that the namespace alone is measured.
 *
 * BENCH_SCALE (1) shrinks it for a trial run: 0.01 is 10,000 files.
 */
import { openConnection } from "@ashlar/client/node/connection";
import { openDatabase } from "@ashlar/client/node/database";
import { sha256 } from "@ashlar/client/node/hash";
import { openHome } from "@ashlar/client/node/home";
import { refetchTree } from "@ashlar/client/engine/refetch";
import type { Edge } from "@ashlar/client/ports";
import { applyChanges } from "@ashlar/client/trees/journal";
import { Trees } from "@ashlar/client/trees/trees";
import { rootId, type NodeId } from "@ashlar/shared/ids";
import { openHouse, type Device } from "../test/e2e/support/house.ts";
import { measureBigFolder } from "./big-folder.ts";
import { create, mkdir, move, nodeId, send, update } from "./tree-ops.ts";

const scale = Number(process.env["BENCH_SCALE"] ?? 1);
const filesPerFolder = 1000;
const folders = Math.max(4, Math.round(1000 * scale));
const bigFolderFiles = Math.max(1000, Math.round(100_000 * scale));
/** Folders of folders, so that paths are four deep. */
const foldersPerGroup = 30;

/** Answers the ids of the files. */
async function fill(edge: Edge): Promise<NodeId[]> {
  const files: NodeId[] = [];
  let group = rootId;
  for (let index = 0; index < folders; index++) {
    if (index % foldersPerGroup === 0) {
      const outer = nodeId();
      group = nodeId();
      await send(edge, [mkdir(outer, rootId, `group ${index}`), mkdir(group, outer, "folders")]);
    }
    const folder = nodeId();
    const ids = Array.from({ length: filesPerFolder }, nodeId);
    await send(edge, [mkdir(folder, group, `folder ${index}`), ...ids.map((id, file) => create(id, folder, `file ${file}.txt`))]);
    files.push(...ids);
    if (index % 100 === 99) console.error(`${files.length} files made`);
  }
  return files;
}

type Asked = { readonly requests: number; readonly kilobytes: number; readonly seconds: number };

async function measure(device: Device, work: () => Promise<unknown>): Promise<Asked> {
  const before = { bytes: device.proxy.bytes(), requests: device.proxy.passed.length };
  const startedMs = performance.now();
  await work();
  const seconds = (performance.now() - startedMs) / 1000;
  return {
    requests: device.proxy.passed.length - before.requests,
    kilobytes: (device.proxy.bytes() - before.bytes) / 1000,
    seconds,
  };
}

const rows: Record<string, string>[] = [];
function report(what: string, { requests, kilobytes, seconds }: Asked): void {
  rows.push({ what, requests: String(requests), kB: kilobytes.toFixed(1), seconds: seconds.toFixed(2) });
}

await using house = await openHouse();
const device = await house.device("tree", { email: "tree@example.org", register: true });
const home = await openHome(device.home);
const account = await home.currentAccount();
if (account === undefined) throw new Error("nobody is signed in");
await using connection = openConnection(home, account);
const { edge } = connection;
const { signal } = new AbortController();

const files = await fill(edge);
const trees = new Trees(openDatabase(":memory:", 0), { caseSensitive: true });
const refetch = () => refetchTree({ trees, edge, sha256 }, signal);
report(`first listing of ${files.length} files in ${folders} folders`, await measure(device, refetch));
report("no change", await measure(device, refetch));
const [first, ...rest] = files.toSorted();
if (first === undefined) throw new Error("there are no files");
await send(edge, [update(first)]);
report("one changed file", await measure(device, refetch));
const some = rest.slice(0, 1000);
await send(edge, some.map(update));
report(`${some.length} changed files, all over the tree`, await measure(device, refetch));

const big = nodeId();
await send(edge, [mkdir(big, rootId, "big")]);
await send(
  edge,
  Array.from({ length: bigFolderFiles }, (_, index) => create(nodeId(), big, `file ${index}.txt`)),
);
await refetch();
const target = nodeId();
await send(edge, [mkdir(target, rootId, "target")]);
report(
  `move of a folder with ${bigFolderFiles} files: the commit`,
  await measure(device, () => send(edge, [move(big, 1, target, "moved")])),
);
report(
  "the same, learnt by another device",
  await measure(device, async () => {
    const { cursor, epoch } = trees.meta;
    const page = await edge.changes(cursor, epoch);
    applyChanges(trees, page.changes);
  }),
);
for (const { what, ...asked } of await measureBigFolder(house, bigFolderFiles)) report(what, asked);
console.table(rows);
console.log(`Requests, bytes of bodies both ways, and seconds, of which most are the device's own work; scale ${scale}.`);
