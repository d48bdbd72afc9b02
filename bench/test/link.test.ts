import * as fc from "fast-check";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { expect, it, vi } from "vitest";
import { Lane } from "../link/lane.ts";
import { limitSeconds } from "../link/limit.ts";
import { openLink, type Link } from "../link/link.ts";
import { loopback, wan } from "../link/wan.ts";
import { ManualClock } from "./manual-clock.ts";

it("BE1 bytes come out when those before them and they themselves have gone in, and the delay has passed", () => {
  const lane = new Lane({ bytesPerSecond: 1000, delayMs: 30 });
  expect(lane.send(0, 500)).toBe(530);
  expect(lane.send(100, 500)).toBe(1030);
  expect(lane.backlogMs(100)).toBe(900);
  expect(lane.send(5000, 1)).toBe(5031);
  expect(lane.backlogMs(6000)).toBe(0);
  expect(lane.bytes).toBe(1001);
  expect(() => new Lane({ bytesPerSecond: 0, delayMs: 0 })).toThrow(RangeError);
  expect(() => new Lane({ bytesPerSecond: 1, delayMs: -1 })).toThrow(RangeError);
});

it("BE1 however bytes are cut and shared, all of them take what their sum takes", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 1_000_000 }), { minLength: 1 }), fc.integer({ min: 1, max: 100 }), (chunks, delayMs) => {
      const lane = new Lane({ bytesPerSecond: 1_000_000, delayMs });
      const times = chunks.map((bytes) => lane.send(0, bytes));
      const sum = chunks.reduce((total, bytes) => total + bytes, 0);
      expect(times.at(-1)).toBeCloseTo(sum / 1000 + delayMs, 3);
      expect(times).toEqual(times.toSorted((a, b) => a - b));
    }),
  );
});

it("BE2 the limit of a transfer is its bytes at the rate of the fuller direction, and its round trips", () => {
  const transfer = { upBytes: 12_500_000, downBytes: 1_250_000, roundTrips: 2 };
  expect(limitSeconds(transfer, wan)).toBeCloseTo(1.12, 9);
  expect(limitSeconds(transfer, loopback)).toBe(0);
});

/** A server that says `hello` at once and sends back what it hears, behind a link of 1,000 bytes/s and 30 ms each way. */
async function opened(): Promise<{ link: Link; clock: ManualClock; heard: Socket[]; close: () => Promise<void> }> {
  const heard: Socket[] = [];
  const server = createServer((socket) => {
    heard.push(socket);
    socket.write("hello");
    socket.pipe(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const clock = new ManualClock();
  const lane = { bytesPerSecond: 1000, delayMs: 30 };
  const link = await openLink({ port: address.port, up: lane, down: lane, clock });
  return {
    link,
    clock,
    heard,
    async close() {
      await link[Symbol.asyncDispose]();
      server.close();
    },
  };
}

function dial(link: Link): { socket: Socket; text: () => string } {
  const socket = connect(link.port, "127.0.0.1");
  let text = "";
  socket.on("data", (chunk: Buffer) => (text += chunk.toString()));
  return { socket, text: () => text };
}

it("BE3 a connection costs a round trip before its first byte goes up, and every byte is counted", async () => {
  const { link, clock, heard, close } = await opened();
  const { socket, text } = dial(link);
  socket.write("0123456789");
  await vi.waitFor(() => expect(clock.waiting).toBe(1));
  clock.goTo(29);
  expect(heard).toHaveLength(0);
  clock.goTo(30);
  await vi.waitFor(() => expect(link.counts().downBytes).toBe(5));
  // The greeting: 5 ms for 5 bytes, and 30 on the way.
  clock.goTo(59);
  expect(link.counts().upBytes).toBe(0);
  clock.goTo(60);
  await vi.waitFor(() => expect(link.counts().upBytes).toBe(10));
  expect(text()).toBe("");
  clock.goTo(65);
  await vi.waitFor(() => expect(text()).toBe("hello"));
  // Up by 100, back 40 later.
  clock.goTo(100);
  await vi.waitFor(() => expect(link.counts().downBytes).toBe(15));
  clock.goTo(139);
  expect(text()).toBe("hello");
  clock.goTo(140);
  await vi.waitFor(() => expect(text()).toBe("hello0123456789"));
  expect(link.counts()).toEqual({ upBytes: 10, downBytes: 15, connections: 1 });
  await close();
});

it("BE4 connections share the rate of each direction", async () => {
  const { link, clock, close } = await opened();
  const [one, other] = [dial(link), dial(link)];
  await vi.waitFor(() => expect(clock.waiting).toBe(2));
  clock.goTo(30);
  await vi.waitFor(() => expect(link.counts().downBytes).toBe(10));
  clock.goTo(69);
  await vi.waitFor(() => expect([one.text(), other.text()].toSorted()).toEqual(["", "hello"]));
  clock.goTo(70);
  await vi.waitFor(() => expect([one.text(), other.text()]).toEqual(["hello", "hello"]));
  await close();
});

it("BE5 an end comes after the bytes before it, and a connection that breaks breaks at the other end", async () => {
  const { link, clock, heard, close } = await opened();
  const [ending, breaking] = [dial(link), dial(link)];
  await vi.waitFor(() => expect(clock.waiting).toBe(2));
  clock.goTo(60);
  await vi.waitFor(() => expect(heard).toHaveLength(2));
  ending.socket.end("bye");
  const ended = once(ending.socket, "end");
  breaking.socket.resetAndDestroy();
  const pump = setInterval(() => clock.goTo(clock.now() + 1), 1);
  await ended;
  expect(ending.text()).toBe("hellobye");
  await vi.waitFor(() => expect(heard.every(({ destroyed }) => destroyed)).toBe(true));
  clearInterval(pump);
  await close();
});

it("BE6 a sender that is faster than the link waits in its own socket, and all arrives", async () => {
  const { link, clock, heard, close } = await opened();
  const { socket } = dial(link);
  await vi.waitFor(() => expect(clock.waiting).toBe(1));
  clock.goTo(60);
  await vi.waitFor(() => expect(heard).toHaveLength(1));
  socket.write(Buffer.alloc(4_000_000));
  await vi.waitFor(() => expect(link.counts().upBytes).toBeGreaterThan(0));
  expect(link.counts().upBytes).toBeLessThan(1_000_000);
  const pump = setInterval(() => clock.goTo(clock.now() + 100_000), 1);
  await vi.waitFor(() => expect(link.counts().upBytes).toBe(4_000_000), { timeout: 20_000 });
  clearInterval(pump);
  await close();
});
