import { deltaMs } from "@ashlar/shared/limits";
import { expect, it } from "vitest";
import { deltaKey, deltaName, putDelta, saveDeltas } from "../../src/blocks/kept-deltas.ts";
import { collectBounds } from "../../src/collect/collect.ts";
import { newBlock, newUser } from "../support/blocks.ts";
import { Edge } from "../support/collecting-edge.ts";

it("Q55 a kept delta goes with its row when its time is over, and not before", async () => {
  const edge = new Edge();
  const user = newUser();
  const kept = { target: newBlock().hash, bases: [newBlock().hash], size: 3 };
  await putDelta(edge.bucket, user, kept, Uint8Array.of(1, 2, 3));
  await saveDeltas(edge.meta, user, [kept], edge.clock.now());
  const key = deltaKey(user, deltaName(kept));
  edge.clock.forward(deltaMs - 1);
  expect((await edge.run()).deleted).toBe(0);
  expect(edge.bucket.objects.has(key)).toBe(true);
  edge.clock.forward(1);
  expect(await edge.run("plan")).toMatchObject({ deleted: 0, parts: { "deltas/0": { old: 1 } } });
  expect((await edge.run()).deleted).toBe(1);
  expect(edge.bucket.objects.has(key)).toBe(false);
  expect((await edge.run()).deleted).toBe(0);
});

it("Q55 a run drops more old deltas than the bucket deletes in one call, up to its bound", async () => {
  const edge = new Edge();
  const user = newUser();
  const kept = Array.from({ length: 7 }, () => ({ target: newBlock().hash, bases: [newBlock().hash], size: 3 }));
  for (const delta of kept) await putDelta(edge.bucket, user, delta, Uint8Array.of(1));
  await saveDeltas(edge.meta, user, kept, edge.clock.now());
  edge.clock.forward(deltaMs);
  const bounds = { ...collectBounds, deltas: { rows: 2, rounds: 3 } };
  expect(await edge.run("plan", {}, bounds)).toMatchObject({ parts: { "deltas/0": { old: 6 } } });
  expect((await edge.run("collect", {}, bounds)).deleted).toBe(6);
  expect((await edge.run("collect", {}, bounds)).deleted).toBe(1);
  expect(edge.bucket.objects.size).toBe(0);
});
