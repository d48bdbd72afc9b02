import { newId, type OpId, type PackId } from "@ashlar/shared/ids";
import {
  accessTokenMs,
  changesPageMax,
  commitOpsMax,
  packBlockBytesMax,
  socketMessageBytesMax,
  socketsPerDeviceMax,
} from "@ashlar/shared/limits";
import { closeCodes, socketProtocol } from "@ashlar/shared/protocol/change";
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { randomBytes } from "../src/crypto.ts";
import { indexShardsOf } from "../src/env.ts";
import { RevokedDevices } from "../src/revoked-devices.ts";
import { blockOf, fileOp, mkdirOp, newDevice, newNode, sendTo, TestUser } from "./probe.ts";

describe("the user's object orders commits", () => {
  it("J1 gives commits that come at once seqs without a gap, one commit after the other (I3)", async () => {
    const user = await TestUser.create();
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, index) => user.commit([mkdirOp(newNode(), `d${index}`), mkdirOp(newNode(), `e${index}`)])),
    );
    const seqs = answers.map(({ changes }) => changes.map(({ seq }) => seq));
    expect(seqs.flat().toSorted((a, b) => a - b)).toEqual(Array.from({ length: 24 }, (_, index) => index + 1));
    for (const [first = 0, second] of seqs) expect(second).toBe(first + 1);
  });

  it("J2 holds the large blocks of a commit in the block index, and refuses blocks that nobody sent", async () => {
    const user = await TestUser.create();
    const block = blockOf(packBlockBytesMax + 1);
    const op = fileOp("large", [block]);
    expect(await user.answer([op])).toMatchObject({ ok: false, code: "block-missing", hashes: [block.hash] });
    await sendTo(user, block);
    expect(await user.commit([op])).toMatchObject({ head: 1 });
    const holders = await Promise.all(
      indexShardsOf(env).map((db) => db.prepare("SELECT expires_at FROM holders WHERE hash = ?1").bind(block.hash).all()),
    );
    expect(holders.flatMap(({ results }) => results)).toEqual([{ expires_at: null }]);
  });

  it("J3 takes a commit of as many operations as there may be, and answers it again after an eviction (I4)", async () => {
    const user = await TestUser.create();
    const folder = newNode();
    const ops = [
      mkdirOp(folder, "many"),
      ...Array.from({ length: commitOpsMax - 1 }, (_, index) => mkdirOp(newNode(), `d${index}`, folder)),
    ];
    const first = await user.commit(ops);
    expect(first.head).toBe(commitOpsMax);
    await evictDurableObject(user.object);
    expect(await user.commit(ops)).toEqual(first);
  });

  it("J4 undoes what a crashed commit held before the next one", async () => {
    const user = await TestUser.create();
    const block = blockOf(packBlockBytesMax + 1);
    await sendTo(user, block);
    await runInDurableObject(user.object, (_, state) => {
      state.storage.sql.exec("INSERT INTO intent VALUES (0, ?)", JSON.stringify([block.hash]));
    });
    for (const db of indexShardsOf(env)) await db.prepare("UPDATE holders SET expires_at = NULL WHERE hash = ?1").bind(block.hash).run();
    await evictDurableObject(user.object);
    await user.commit([mkdirOp(newNode(), "next")]);
    const holders = await Promise.all(
      indexShardsOf(env).map((db) => db.prepare("SELECT expires_at IS NULL AS held FROM holders WHERE hash = ?1").bind(block.hash).all()),
    );
    expect(holders.flatMap(({ results }) => results)).toEqual([{ held: 0 }]);
    const intents = await runInDurableObject(user.object, (_, state) => state.storage.sql.exec("SELECT * FROM intent").toArray());
    expect(intents).toEqual([]);
  });
});

describe("the user's sockets", () => {
  it("J5 welcomes a device with what it misses since its cursor", async () => {
    const user = await TestUser.create();
    const names = ["a", "b", "c"];
    await user.commit(names.map((name) => mkdirOp(newNode(), name)));
    const fresh = await user.connect();
    fresh.say({ type: "hello", epoch: null, cursor: 0 });
    expect(await fresh.next()).toMatchObject({
      type: "welcome",
      epoch: user.epoch,
      head: 3,
      changes: [{ seq: 1 }, { seq: 2 }, { seq: 3 }],
    });
    const behind = await user.connect();
    behind.say({ type: "hello", epoch: user.epoch, cursor: 2 });
    expect(await behind.next()).toMatchObject({ type: "welcome", head: 3, changes: [{ seq: 3, name: "c" }] });
  });

  it("J6 tells a device with a cursor of another epoch, or ahead of the head, or at another change, to reconcile", async () => {
    const user = await TestUser.create();
    await user.commit([mkdirOp(newNode(), "a")]);
    const other = await TestUser.create();
    const foreign = await user.connect();
    foreign.say({ type: "hello", epoch: other.epoch, cursor: 0 });
    expect(await foreign.next()).toEqual({ type: "reconcile", code: "epoch-changed", epoch: user.epoch, head: 1 });
    const ahead = await user.connect();
    ahead.say({ type: "hello", epoch: user.epoch, cursor: 2 });
    expect(await ahead.next()).toEqual({ type: "reconcile", code: "epoch-changed", epoch: user.epoch, head: 1 });
    const elsewhere = await user.connect();
    elsewhere.say({ type: "hello", epoch: user.epoch, cursor: 1, op: newId<OpId>(randomBytes) });
    expect(await elsewhere.next()).toEqual({ type: "reconcile", code: "epoch-changed", epoch: user.epoch, head: 1 });
  });

  it("J7 pushes a commit to every socket that said hello, with small content and addresses, but none to the device that made it", async () => {
    const user = await TestUser.create();
    const [one, two, own] = [await user.follow(), await user.follow(), await user.follow(0, user.device)];
    const silent = await user.connect();
    const [inline, packed] = [blockOf(10), blockOf(20)];
    const packs = [
      {
        id: newId<PackId>(randomBytes),
        size: 30,
        blocks: [
          { ...inline, offset: 0 },
          { ...packed, offset: 10 },
        ],
      },
    ];
    await user.commit([fileOp("f", [inline, packed])], { packs, pushInline: [{ hash: inline.hash, data: "AAAA" }] });
    const expected = { type: "changes", head: 1, changes: [{ seq: 1, path: "f", user: user.id, device: user.device }] };
    for (const socket of [one, two]) {
      expect(await socket.next()).toMatchObject({
        ...expected,
        inline: [{ hash: inline.hash, data: "AAAA" }],
        locations: [{ hash: packed.hash, size: 20, offset: 10, url: expect.stringMatching(/^\/v1\/p\//) }],
      });
    }
    expect(await own.next()).toMatchObject({ ...expected, inline: [], locations: [] });
    silent.send("ping");
    expect(await silent.nextText()).toBe("pong");
  });

  it("J8 pushes a long commit in pages, in order", async () => {
    const user = await TestUser.create();
    const socket = await user.follow();
    await user.commit(Array.from({ length: changesPageMax + 1 }, (_, index) => mkdirOp(newNode(), `d${index}`)));
    const [first, second] = [await socket.next(), await socket.next()];
    expect("changes" in first && first.changes.length).toBe(changesPageMax);
    expect("changes" in second && second.changes.map(({ seq }) => seq)).toEqual([changesPageMax + 1]);
  });

  it("J9 keeps sockets through an eviction: they get the next push, and pings are answered", async () => {
    const user = await TestUser.create();
    const [greeted, silent] = [await user.follow(), await user.connect()];
    await evictDurableObject(user.object, { webSockets: "hibernate" });
    await user.commit([mkdirOp(newNode(), "after")]);
    expect(await greeted.next()).toMatchObject({ type: "changes", head: 1 });
    greeted.send("ping");
    expect(await greeted.nextText()).toBe("pong");
    silent.say({ type: "hello", epoch: null, cursor: 0 });
    expect(await silent.next()).toMatchObject({ type: "welcome", head: 1 });
  });

  it("J10 closes on a message that is not in the protocol, at one byte past the limit, and on a second hello", async () => {
    const user = await TestUser.create();
    const hello = JSON.stringify({ type: "hello", epoch: null, cursor: 0 });
    const bad = ["nonsense", "{}", hello.replace("}", ',"extra":1}'), hello.padEnd(socketMessageBytesMax + 1), new ArrayBuffer(4)];
    for (const message of bad) {
      const socket = await user.connect();
      socket.send(message);
      expect(await socket.closed()).toBe(closeCodes.badMessage);
    }
    const atLimit = await user.connect();
    atLimit.send(hello.padEnd(socketMessageBytesMax));
    expect(await atLimit.next()).toMatchObject({ type: "welcome" });
    atLimit.send(hello);
    expect(await atLimit.closed()).toBe(closeCodes.badMessage);
  });

  it("R8 counts how long each other device takes to apply a commit, once for each, and closes on a word before hello", async () => {
    const user = await TestUser.create();
    const device = newDevice();
    const [one, two, own] = [await user.follow(), await user.follow(), await user.follow(0, user.device)];
    const { head } = await user.commit([mkdirOp(newNode(), "a")]);
    for (const socket of [one, two, own]) await socket.next();
    for (const socket of [one, one, two, own]) socket.say({ type: "applied", seq: head });
    one.say({ type: "applied", seq: head + 1 });
    const total = async () => (await user.object.pushTimes()).days.flatMap(({ counts }) => counts).reduce((sum, count) => sum + count, 0);
    await expect.poll(total).toBe(2);
    const { boundsMs, days } = await user.object.pushTimes();
    expect(days).toHaveLength(1);
    expect(days[0]?.counts).toHaveLength(boundsMs.length + 1);
    const silent = await user.connect(device);
    silent.say({ type: "applied", seq: head });
    expect(await silent.closed()).toBe(closeCodes.badMessage);
    expect(await total()).toBe(2);
  });

  it("J11 signs a device out: its sockets close, it gets no new one and no commit, and others go on", async () => {
    const user = await TestUser.create();
    const device = newDevice();
    const [theirs, mine] = [await user.follow(0, device), await user.follow()];
    await user.object.revoke(device);
    expect(await theirs.closed()).toBe(closeCodes.revoked);
    await evictDurableObject(user.object, { webSockets: "hibernate" });
    expect((await user.upgrade(device)).status).toBe(401);
    expect(await user.answer([mkdirOp(newNode(), "no")], { device })).toMatchObject({ ok: false, code: "device-revoked" });
    await user.commit([mkdirOp(newNode(), "yes")]);
    expect(await mine.next()).toMatchObject({ type: "changes", head: 1 });
  });

  it("J24 closes a socket with 4401 when the token runs out that opened it, also a sleeping one", async () => {
    const user = await TestUser.create();
    const short = await user.follow(0, newDevice(), Date.now() + 500);
    const long = await user.follow();
    await evictDurableObject(user.object, { webSockets: "hibernate" });
    expect(await short.closed()).toBe(closeCodes.unauthenticated);
    await user.commit([mkdirOp(newNode(), "a")]);
    expect(await long.next()).toMatchObject({ type: "changes", head: 1 });
    expect(await runInDurableObject(user.object, (_, { storage }) => storage.getAlarm())).toBeGreaterThan(Date.now());
  });

  it("J24 tells no change to a socket whose token has run out, though the alarm is late", async () => {
    const user = await TestUser.create();
    const socket = await user.follow(0, newDevice(), Date.now() + 300);
    await runInDurableObject(user.object, (_, { storage }) => storage.deleteAlarm());
    await scheduler.wait(400);
    await user.commit([mkdirOp(newNode(), "a")]);
    expect(await socket.closed()).toBe(closeCodes.unauthenticated);
  });

  it("J11 remembers a signed-out device a little longer than a token signed at that moment is good", async () => {
    const user = await TestUser.create();
    const [device, now] = [newDevice(), Date.now()];
    await runInDurableObject(user.object, (_, { storage }) => {
      const revoked = new RevokedDevices(storage);
      revoked.add(device, now);
      expect(revoked.has(device, now + accessTokenMs + 1000)).toBe(true);
      expect(revoked.has(device, now + 2 * accessTokenMs)).toBe(false);
    });
  });

  it("J12 answers a close with the same code, and closes the oldest sockets of a device that has too many", async () => {
    const user = await TestUser.create();
    const leaving = await user.connect();
    leaving.close(1000, "bye");
    expect(await leaving.closed()).toBe(1000);
    const device = newDevice();
    const sockets = [];
    for (let count = 0; count < socketsPerDeviceMax; count++) sockets.push(await user.follow(0, device));
    const last = await user.follow(0, device);
    expect(await sockets[0]?.closed()).toBe(1001);
    await user.commit([mkdirOp(newNode(), "a")]);
    for (const socket of [...sockets.slice(1), last]) expect(await socket.next()).toMatchObject({ type: "changes" });
  });

  it("J13 answers the upgrade with the protocol that it speaks, and refuses a request without an identity", async () => {
    const user = await TestUser.create();
    const response = await user.upgrade(newDevice());
    expect(response.status).toBe(101);
    expect(response.headers.get("sec-websocket-protocol")).toBe(socketProtocol);
    response.webSocket?.accept();
    await runInDurableObject(user.object, async (instance) => {
      await expect(instance.fetch(new Request("https://user-sync/events", { headers: { upgrade: "websocket" } }))).rejects.toThrow(
        "whose socket",
      );
    });
  });
});
