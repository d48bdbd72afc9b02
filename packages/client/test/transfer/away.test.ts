/** Downloads of a device that was away: what the server keeps of deltas has other bases than it has. */
import { UnreachableError } from "@ashlar/client/ports";
import { deltaFailuresMax, packBlockBytesMax } from "@ashlar/shared/limits";
import { encodeManifest } from "@ashlar/shared/manifest";
import { expect, test } from "vitest";
import { cutsOf, KiB, MiB, noise } from "../support/content.ts";
import { memoryDraft } from "../support/memory-disk.ts";
import { memoryTransfer } from "../support/memory-transfer.ts";

const { signal } = new AbortController();

/** A device with a file of the old bytes, before a server that has both versions. */
function away(old: Uint8Array, now: Uint8Array) {
  const made = memoryTransfer();
  const { disk, edge, knowledge, transfer } = made;
  const [before, after] = [cutsOf(old), cutsOf(now)];
  disk.put("f", old);
  for (const cut of before) {
    edge.hold(cut.bytes);
    knowledge.local.set(cut.hash, { path: "f", offset: cut.offset });
  }
  for (const cut of after) edge.hold(cut.bytes);
  const get = async (more: { before?: string } = { before: encodeManifest(before) }) => {
    const draft = memoryDraft(now.length);
    await transfer.download(encodeManifest(after), draft, { signal, ...more });
    expect(Buffer.compare(draft.bytes, now)).toBe(0);
    return edge.fetches.length;
  };
  return { ...made, get, before, after };
}

const old = noise(6 * MiB, 1);
const now = old.slice();
for (const at of [MiB, 4 * MiB]) now.set(noise(100, at), at);

test("U70 blocks that changed meanwhile are made of the old ones, by deltas that the server makes", async () => {
  const { edge, get, before, after } = away(old, now);
  expect(await get()).toBe(0);
  const fresh = after.filter(({ hash }) => !before.some((cut) => cut.hash === hash));
  expect(edge.deltasAsked.map(({ hash }) => hash)).toEqual(fresh.map(({ hash }) => hash));
  expect(edge.deltasAsked.every(({ bases }) => bases.length >= 1 && bases.length <= 4)).toBe(true);
});

test("U71 none is asked for of a first copy, of blocks whose bases are not here, or of a small block", async () => {
  const first = away(old, now);
  expect(await first.get({})).toBeGreaterThan(0);
  const lost = away(old, now);
  lost.knowledge.local.clear();
  expect(await lost.get()).toBeGreaterThan(0);
  const small = away(noise(packBlockBytesMax, 1), noise(packBlockBytesMax, 2));
  expect(await small.get()).toBe(1);
  const broken = away(old, now);
  expect(await broken.get({ before: "no manifest" })).toBeGreaterThan(0);
  for (const { edge } of [first, lost, small, broken]) expect(edge.deltasAsked).toEqual([]);
});

test("U71 of a rewritten file a few blocks are asked for, and no more", async () => {
  const { edge, get, after } = away(noise(40 * MiB, 1), noise(40 * MiB, 2));
  expect(await get()).toBe(after.length);
  expect(edge.deltasAsked.length).toBeGreaterThanOrEqual(deltaFailuresMax);
  expect(edge.deltasAsked.length).toBeLessThan(2 * deltaFailuresMax);
});

test("U70 a frame that is no good leads to the block itself, and an edge out of reach is told", async () => {
  const { edge, get } = away(old, now);
  edge.tamper = (bytes, url) => (url.startsWith("/delta/") ? noise(50 * KiB, 3) : bytes);
  expect(await get()).toBe(edge.deltasAsked.length);
  const offline = away(old, now);
  offline.edge.before = (what) => {
    if (what === "delta") throw new UnreachableError("away");
  };
  await expect(offline.get()).rejects.toThrow(UnreachableError);
});
