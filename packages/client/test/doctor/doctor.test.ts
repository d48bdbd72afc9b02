/** What the doctor finds on a device whose disk, database or server was tampered with, and that it changes none of them. */
import { type DeviceId, type Epoch, type NodeId, newId } from "@ashlar/shared/ids";
import { expect, it } from "vitest";
import { examineContent, examineDisk } from "../../src/doctor/disk.ts";
import type { Finding } from "../../src/doctor/finding.ts";
import { examineBlocks, examineServer } from "../../src/doctor/server.ts";
import { loadIgnore } from "../../src/scan/ignore.ts";
import { scan } from "../../src/scan/scan.ts";
import { Trees } from "../../src/trees/trees.ts";
import { Device } from "../support/device.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { Random } from "../support/random.ts";
import { hashOf, sha256, SimulatedEdge } from "../support/simulated-edge.ts";

const { signal } = new AbortController();
const large = (text: string) => text.padEnd(70_000, ".");
const bytesOf = (text: string) => new TextEncoder().encode(text);
const shown = (findings: readonly Finding[]) => findings.map(({ kind, path, detail }) => [kind, path, detail ?? ""].join(" | "));

async function agreed() {
  const clock = new ManualClock(Date.UTC(2026, 10, 22));
  const edge = new SimulatedEdge();
  const one = new Device({ clock, edge, name: "one", seed: 1 });
  const two = new Device({ clock, edge, name: "two", seed: 2 });
  for (const folder of ["a", "a/b", "c"]) {
    one.disk.userMakeFolder(folder);
    one.disk.userWrite(`${folder}/x`, `${folder} x`);
  }
  one.disk.userWrite("large", large("content"));
  await clock.pass(5000);
  await one.syncOnce();
  await two.syncOnce();
  const random = new Random(7);
  const asked: string[] = [];
  const port = edge.port(newId<DeviceId>(random.bytes), "doctor", async (call, when) => void (when === "before" && asked.push(call)));
  const trees = () => new Trees(two.database, { caseSensitive: true, readOnly: true });
  const disk = two.disk.port();
  const ignore = loadIgnore(disk);
  const newNodeId = () => newId<NodeId>(random.bytes);
  return {
    clock,
    edge,
    one,
    two,
    asked,
    disk: async () =>
      shown(await examineDisk({ disk, trees: trees(), newId: newNodeId, scan: (request) => scan({ ...request, ignore }) }, signal)),
    content: async () => shown(await examineContent({ disk, trees: trees(), hashBlock: hashOf, bufferBytes: 4 * 1024 * 1024 }, signal)),
    server: async () => shown(await examineServer({ trees: trees(), edge: port, sha256 }, signal)),
    blocks: async () => shown(await examineBlocks({ trees: trees(), edge: port, sha256 }, signal)),
    /** Everything that the database holds. */
    state: () =>
      ["remote", "synced", "local", "dirty", "waiting", "meta", "places"].map((table) =>
        two.database.prepare(`SELECT * FROM ${table} ORDER BY 1`).all(),
      ),
  };
}

it("X90 nothing is found where all is equal, and the server is asked once for its tree", async () => {
  const { disk, content, server, blocks, asked, state } = await agreed();
  const before = state();
  expect(await disk()).toEqual([]);
  expect(await content()).toEqual([]);
  expect(await server()).toEqual([]);
  expect(asked).toEqual(["tree"]);
  expect(await blocks()).toEqual([]);
  expect(state()).toEqual(before);
});

it("X91 what is on the disk and not in the local tree is named, and nothing is written", async () => {
  const { disk, two, state } = await agreed();
  two.disk.userWrite("a/b/new", "new");
  two.disk.userMakeFolder("d");
  two.disk.userWrite("d/deep", "deep");
  two.disk.userRemove("c/x");
  two.disk.userWrite("a/x", "edited");
  two.disk.userMove("large", "moved");
  const before = state();
  expect((await disk()).toSorted()).toEqual([
    "not-looked-at | a/b/new | it is new there",
    "not-looked-at | a/x | it was changed",
    "not-looked-at | c/x | it is gone",
    "not-looked-at | d | it is new there",
    "not-looked-at | d/deep | it is new there",
    "not-looked-at | moved | it was moved",
  ]);
  expect(state()).toEqual(before);
});

it("X92 a file whose content is not what its stat says is found by reading it", async () => {
  const { disk, content, two } = await agreed();
  const item = two.disk.find("large");
  if (item !== undefined) item.bytes = bytesOf(large("rotten!"));
  expect(await disk()).toEqual([]);
  expect(await content()).toEqual(["content-differs | large | "]);
  // One that was edited since is none.
  two.disk.userWrite("a/x", "edited");
  expect(await content()).toEqual(["content-differs | large | "]);
});

it("X93 where the server differs and no journal tells of it, the items are named, and only differing folders are listed", async () => {
  const { server, two, asked } = await agreed();
  two.database.exec("UPDATE remote SET rev = rev + 1 WHERE name = 'b'");
  two.database.exec("DELETE FROM remote WHERE name = 'x' AND parent = (SELECT id FROM remote WHERE name = 'c')");
  expect((await server()).toSorted()).toEqual([
    "server-differs | a/b | its mode or revision is noted otherwise",
    "server-differs | c/x | this client does not know of it",
  ]);
  // Known or not, the root; the root, c in full, and a, which has what differs.
  expect(asked.filter((call) => call === "tree")).toHaveLength(4);
});

it("X93 what the journal tells of is no difference, a restored server and an expired cursor are said as such", async () => {
  const { server, edge, one } = await agreed();
  one.disk.userWrite("a/b/x", "edited");
  one.disk.userRemove("c/x");
  await one.syncOnce();
  expect(await server()).toEqual([expect.stringMatching(/^server-ahead \| +\| 2 items were changed since change \d+$/)]);
  edge.journalFrom = edge.namespace.head;
  expect(await server()).toEqual(["cursor-expired |  | "]);
  const { epoch } = edge;
  edge.restore(newId<Epoch>(new Random(5).bytes));
  expect(await server()).toEqual(["server-restored |  | "]);
  edge.epoch = epoch;
  expect(await server()).toEqual(["server-restored |  | "]);
});

it("X94 a block that the server lacks is found, and whether this device can send it", async () => {
  const { blocks, edge, two } = await agreed();
  const hash = hashOf(bytesOf(large("content")));
  edge.blocks.delete(hash);
  expect(await blocks()).toEqual([`block-missing-there | large | block ${hash}`]);
  two.database.exec("DELETE FROM places");
  expect(await blocks()).toEqual([`block-missing | large | block ${hash}`]);
});
