import type { BlockHash } from "@ashlar/shared/ids";
import { packBlockBytesMax, sendingHashesMax, sendingWaitingMax } from "@ashlar/shared/limits";
import { closeCodes } from "@ashlar/shared/protocol/change";
import { evictDurableObject } from "cloudflare:test";
import { expect, it, vi } from "vitest";
import { SentBlocks } from "../src/sent-blocks.ts";
import type { Sockets, SocketState } from "../src/sockets.ts";
import { blockOf, fileOp, mkdirOp, newDevice, newNode, sendTo, TestUser } from "./probe.ts";

const hash = "ab".repeat(32) as BlockHash;
const state = (device: string) => ({ device, phase: "following" }) as SocketState;

/** Looks at the index that end when the test says so, or fail. */
function sentBlocks(devices: readonly string[]) {
  const heard: string[] = [];
  const looks: PromiseWithResolvers<void>[] = [];
  const following = devices.map((device) => ({ socket: { send: () => void heard.push(device) } as never, state: state(device) }));
  const sent = new SentBlocks({ following: () => following } as unknown as Sockets, async () => {
    const look = Promise.withResolvers<void>();
    looks.push(look);
    await look.promise;
    return [{ hash, size: 1, url: "/v1/b" }];
  });
  return { heard, looks, sent };
}

it("J31 the index is looked at once at a time, and what comes while too many wait is dropped", async () => {
  const { heard, looks, sent } = sentBlocks(["a", "b"]);
  const warned = vi.spyOn(console, "warn").mockImplementation(() => undefined);
  const all = Array.from({ length: 100 }, () => sent.hear(state("a"), [hash]));
  for (let look = 0; look < sendingWaitingMax; look++) {
    await expect.poll(() => looks.length).toBe(look + 1);
    if (look === 1) looks[look]?.reject(new Error("the index does not answer"));
    else looks[look]?.resolve();
  }
  await Promise.all(all);
  expect([looks.length, heard]).toEqual([sendingWaitingMax, Array.from({ length: sendingWaitingMax - 1 }, () => "b")]);
  expect(warned).toHaveBeenCalledTimes(1);
  warned.mockRestore();
});

it("J31 nothing is looked at where no other device follows", async () => {
  const { looks, sent } = sentBlocks(["a", "a"]);
  await sent.hear(state("a"), [hash]);
  expect(looks).toEqual([]);
});

it("J29 tells other devices where the blocks are that one is sending, and no one else: not its own sockets, nor one that said no hello", async () => {
  const user = await TestUser.create();
  const device = newDevice();
  const [teller, own, other] = [await user.follow(0, device), await user.follow(0, device), await user.follow()];
  const silent = await user.connect();
  const block = blockOf(packBlockBytesMax + 1);
  await sendTo(user, block);
  await evictDurableObject(user.object, { webSockets: "hibernate" });
  teller.say({ type: "sending", hashes: [block.hash] });
  expect(await other.next()).toEqual({
    type: "coming",
    blocks: [{ hash: block.hash, size: block.size, url: expect.stringMatching(`^/v1/b/${block.hash}[?]e=[0-9]+&s=`) }],
  });
  await user.commit([mkdirOp(newNode(), "a")]);
  for (const socket of [teller, own, other]) expect(await socket.next()).toMatchObject({ type: "changes" });
  silent.say({ type: "sending", hashes: [block.hash] });
  expect(await silent.closed()).toBe(closeCodes.badMessage);
});

it("J30 tells nobody of a block that this user has not sent, whoever else has (I2)", async () => {
  const [user, stranger] = [await TestUser.create(), await TestUser.create()];
  const [teller, other, outside] = [await user.follow(), await user.follow(), await stranger.follow()];
  const [theirs, mine] = [blockOf(packBlockBytesMax + 1), blockOf(packBlockBytesMax + 1)];
  await sendTo(stranger, theirs);
  await stranger.commit([fileOp("theirs", [theirs])]);
  expect(await outside.next()).toMatchObject({ type: "changes" });
  await sendTo(user, mine);
  const unknown = blockOf(packBlockBytesMax + 2);
  teller.say({ type: "sending", hashes: [theirs.hash, unknown.hash] });
  teller.say({ type: "sending", hashes: [theirs.hash, mine.hash, unknown.hash] });
  expect(await other.next()).toMatchObject({ type: "coming", blocks: [{ hash: mine.hash }] });
  await user.commit([mkdirOp(newNode(), "a")]);
  for (const socket of [teller, other]) expect(await socket.next()).toMatchObject({ type: "changes" });
  await stranger.commit([mkdirOp(newNode(), "a")]);
  expect(await outside.next()).toMatchObject({ type: "changes", head: 2 });
});

it("J10 closes on one hash more than a device may tell of at once", async () => {
  const user = await TestUser.create();
  const teller = await user.follow();
  const hashes = Array.from({ length: sendingHashesMax + 1 }, () => blockOf(1).hash);
  teller.say({ type: "sending", hashes: hashes.slice(1) });
  teller.say({ type: "sending", hashes });
  expect(await teller.closed()).toBe(closeCodes.badMessage);
});
