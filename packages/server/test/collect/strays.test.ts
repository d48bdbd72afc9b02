import { deltaMs, leaseMs } from "@ashlar/shared/limits";
import { describe, expect, it } from "vitest";
import { blockKey } from "../../src/blocks/store-block.ts";
import { newBlock, newUser } from "../support/blocks.ts";
import { Edge, hour, tend, hash, id, user, withUser } from "../support/collecting-edge.ts";

describe("strays", () => {
  it("Q45 an object that no row has known for 72 hours is removed: blocks, packs and long manifests", async () => {
    const edge = withUser();
    const held = await edge.held();
    edge.meta.raw.prepare("INSERT INTO packs VALUES (?, ?, 5, 5, 0, NULL, NULL)").run(user, id("k"));
    const version = "INSERT INTO versions VALUES (?, 'n', 1, NULL, ?, 0, 0, 0, 'd', 0, NULL)";
    edge.meta.raw.prepare(version).run(user, `m/${user}/${hash}-4-3`);
    const strays = [`b/${hash}`, `p/${user}/${id("s")}`, `m/${user}/${hash}-5-3`];
    const known = [blockKey(held.hash), `p/${user}/${id("k")}`, `m/${user}/${hash}-4-3`];
    for (const key of [...strays, ...known.slice(1)]) await edge.bucket.put(key, new Uint8Array(5));
    edge.clock.forward(leaseMs - 1);
    expect((await edge.run("collect", { tend })).parts["strays"]).toMatchObject({ deleted: 0 });
    edge.clock.forward(1);
    const record = await edge.run("collect", { tend });
    expect(record.parts["strays"]).toMatchObject({ deleted: 3 });
    expect(record.bytesFreed).toBe(15);
    expect(new Set(edge.bucket.objects.keys())).toEqual(new Set(known));
    expect(edge.db.raw.prepare("SELECT count(*) AS n FROM blocks").get()).toEqual({ n: 1 });
  });

  it("Q45 objects of nobody known, of unknown names, and what a commit of this moment may write again stay, and are told", async () => {
    const edge = withUser();
    await edge.bucket.put("d/user/delta", new Uint8Array(5));
    const kept = ["x/what", "b/no-hash", `p/${newUser()}/${id("p")}`, `m/${user}/${hash}-7-3`];
    for (const key of kept) await edge.bucket.put(key, new Uint8Array(5));
    edge.clock.forward(leaseMs);
    const record = await edge.run("collect", { tend });
    expect(record.parts["strays"]).toMatchObject({ deleted: 0, foreign: expect.arrayContaining(kept.slice(0, 3)) as string[] });
    expect(new Set(edge.bucket.objects.keys())).toEqual(new Set([...kept, "d/user/delta"]));
  });

  it("Q56 the object of a delta that no row tells, as of a refused commit, goes a day after any that is told", async () => {
    const edge = new Edge();
    const key = `d/${user}/${hash}/${hash}`;
    await edge.bucket.put(key, new Uint8Array(5));
    edge.clock.forward(deltaMs + 24 * hour - 1);
    await edge.run();
    expect(edge.bucket.objects.has(key)).toBe(true);
    edge.clock.forward(1);
    expect(await edge.run("plan")).toMatchObject({ deleted: 0, parts: { strays: { deltas: 1 } } });
    expect(await edge.run()).toMatchObject({ deleted: 1, bytesFreed: 5 });
    expect(edge.bucket.objects.has(key)).toBe(false);
  });

  it("Q46 a stray block that somebody sends at the same time is not lost: he is told to come back", async () => {
    const edge = new Edge();
    const block = newBlock();
    await edge.bucket.put(blockKey(block.hash), block.bytes);
    edge.clock.forward(leaseMs);
    const ada = newUser();
    const outcomes: unknown[] = [];
    const bucket = {
      ...edge.bucket,
      delete: async (keys: string[]) => {
        outcomes.push(await edge.store(ada, block));
        await edge.bucket.delete(keys);
      },
    };
    await edge.run("collect", { bucket });
    outcomes.push(await edge.store(ada, block));
    expect(outcomes).toEqual([{ type: "being-deleted" }, { type: "stored", sent: true }]);
    expect(edge.bucket.objects.has(blockKey(block.hash))).toBe(true);

    // And if he comes between the look at the rows and the fence, the object is his.
    const other = newBlock();
    await edge.bucket.put(blockKey(other.hash), other.bytes);
    edge.clock.forward(leaseMs);
    const db = {
      ...edge.db,
      prepare: (sql: string) => {
        if (sql.includes("INSERT INTO blocks")) {
          edge.db.raw
            .prepare(
              "INSERT INTO blocks (hash, size, stored_size, encoding, state, created_at, protected_until) VALUES (?, 100, 100, 'identity', 'stored', 0, 9e15)",
            )
            .run(other.hash);
        }
        return edge.db.prepare(sql);
      },
    };
    await edge.run("collect", { indexShards: [db] });
    expect(edge.bucket.objects.has(blockKey(other.hash))).toBe(true);
  });
});
