import { historyMs, manifestRowCharsMax } from "@ashlar/shared/limits";
import { describe, expect, it } from "vitest";
import { tend } from "../../src/collect/tend/tend.ts";
import { block, createOp, deleteOp, mkdirOp, newNode, newWorld, rootId, updateOp } from "../support/namespace-world.ts";
import { bounds, large, callOf, tendNow, expectRowsRight, count, edited, cutPorts } from "../support/tending.ts";

describe("history", () => {
  it("Q20 keeps a superseded version for 30 days, and then gives its blocks back", async () => {
    const world = await newWorld();
    const { packs } = await edited(world, [large("a"), block("b"), large("c")], [large("c"), block("d")]);
    world.time += historyMs - 1;
    expect(await tendNow(world)).toMatchObject({ versions: 0, released: 0 });
    world.time += 1;
    expect(await tendNow(world)).toMatchObject({ versions: 1, nodes: 0, released: 1, isCut: false });
    expect(world.blocks.held).toEqual(new Set([large("c").hash]));
    expect(world.blocks.leased).toEqual(new Set([large("a").hash]));
    expect(world.intents.intent).toBeNull();
    expect(world.db.raw.prepare("SELECT live_bytes, delete_after FROM packs").get()).toEqual({ live_bytes: 10, delete_after: null });
    expect(packs).toHaveLength(1);
    expectRowsRight(world);
  });

  it("Q21 keeps a deleted node for 30 days, and then forgets it with all its versions", async () => {
    const world = await newWorld();
    const { file } = await edited(world, [large("a")], [large("b")]);
    const folder = newNode();
    await world.commit([mkdirOp(folder, rootId, "folder")]);
    await world.commit([deleteOp(file, 2), deleteOp(folder, 1)]);
    world.time += historyMs - 1;
    expect(await tendNow(world)).toMatchObject({ nodes: 0, versions: 0 });
    world.time += 1;
    expect(await tendNow(world)).toMatchObject({ nodes: 2, versions: 2, released: 2 });
    expect(count(world, "nodes")).toBe(1);
    expect(count(world, "versions")).toBe(0);
    expect(count(world, "user_blocks")).toBe(0);
    expectRowsRight(world);
  });

  it("Q22 takes a bounded part at a time and says when there is more; versions go after the changes that tell of them", async () => {
    const world = await newWorld();
    const file = newNode();
    await world.commit([createOp(file, rootId, "file")]);
    for (let rev = 1; rev <= 5; rev++) await world.commit([updateOp(file, rev)]);
    world.time += 10;
    await world.commit([deleteOp(file, 6)]);
    world.time += historyMs;
    expect(await tendNow(world, { ...bounds, changes: 6 })).toMatchObject({ changes: 6, versions: 0, isCut: true });
    expect(await tendNow(world, { ...bounds, versions: 5 })).toMatchObject({ changes: 1, versions: 5, isCut: true });
    expect(count(world, "nodes")).toBe(2);
    expect(await tendNow(world, { ...bounds, versions: 5 })).toMatchObject({ versions: 1, isCut: false });
    expect(count(world, "nodes")).toBe(1);
    expectRowsRight(world);
  });

  it("Q23 deletes a long manifest with the last version that has it, and no commit ever writes its name again", async () => {
    const world = await newWorld({ quotaBytes: 1e15 });
    const file = newNode();
    const long = Array.from({ length: Math.ceil(manifestRowCharsMax / 46) }, () => large("l"));
    world.blocks.upload(large("l"));
    await world.commit([createOp(file, rootId, "a", long), createOp(newNode(), rootId, "b", long)]);
    const [first] = world.bucket.objects.keys();
    await world.commit([updateOp(file, 1)]);
    world.time += historyMs;
    await tendNow(world);
    expect([...world.bucket.objects.keys()]).toEqual([first]);
    await world.commit([updateOp(file, 2, long)]);
    expect(world.bucket.objects.size).toBe(2);
    await world.commit([updateOp(file, 3)]);
    world.time += historyMs;
    await tendNow(world);
    expect([...world.bucket.objects.keys()]).toEqual([first]);
  });

  it("Q24 only tells what it would do in a dry run", async () => {
    const world = await newWorld();
    await edited(world, [large("a"), block("b")], [block("d")]);
    world.time += historyMs;
    const before = JSON.stringify(
      ["changes", "versions", "packs", "namespaces"].map((table) => world.db.raw.prepare(`SELECT * FROM ${table}`).all()),
    );
    expect(await tendNow(world, bounds, true)).toMatchObject({ changes: 2, versions: 1, released: 1 });
    const after = JSON.stringify(
      ["changes", "versions", "packs", "namespaces"].map((table) => world.db.raw.prepare(`SELECT * FROM ${table}`).all()),
    );
    expect(after).toBe(before);
    expect(world.blocks.held.size).toBe(1);
  });
});

describe("a call that is cut", () => {
  it.each(["before", "after"] as const)(
    "Q25 is finished by the next call or commit, wherever it was cut (%s a step), and counts are right (I8)",
    async (fault) => {
      for (const next of ["tend", "commit"] as const) {
        for (let at = 1; at <= 12; at++) {
          const world = await newWorld();
          await edited(world, [large("a"), block("b")], [large("c"), block("d")]);
          world.time += historyMs;
          await tend(cutPorts(world, at, fault), callOf(world), bounds).catch(() => undefined);
          if (next === "commit") await world.commit([mkdirOp(newNode(), rootId, "d")]);
          else await tendNow(world);
          expect(world.intents.intent).toBeNull();
          expectRowsRight(world);
          await tendNow(world);
          expect(count(world, "versions")).toBe(1);
          expectRowsRight(world);
        }
      }
    },
  );

  it("Q25 releases what a dead commit held, also of a user who never commits again", async () => {
    const world = await newWorld();
    world.blocks.upload(large("a"));
    await world.blocks.hold(world.user, [large("a")], 0);
    await world.intents.write({ holds: [large("a").hash] });
    await tendNow(world);
    expect(world.blocks.held).toEqual(new Set());
    expect(world.intents.intent).toBeNull();
  });
});
