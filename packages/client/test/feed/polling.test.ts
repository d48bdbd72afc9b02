import { UnreachableError } from "@ashlar/client/ports";
import { pollActiveMs, pollIdleMsMax, pongMsMax } from "@ashlar/shared/limits";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import { expect, test } from "vitest";
import { settled } from "../support/clocks.ts";
import { change, epoch, feedWith, page, refused, welcome } from "../support/feed.ts";

test("F7 a socket that does not open is told, and the journal is looked at right away", async () => {
  const { feed, polls, states, messages } = feedWith({ how: refused, pages: () => page(1, 1) });
  await settled();
  expect(polls).toEqual([{ since: 0, atMs: 0 }]);
  expect(states).toEqual([["polling", "no socket here"]]);
  expect(messages).toEqual([{ type: "changes", head: 1, changes: [change(1)], inline: [], locations: [] }]);
  await feed[Symbol.asyncDispose]();
});

test("F7 a socket lost is back before the first poll is due", async () => {
  const { feed, clock, peers, polls, states } = feedWith();
  await settled();
  peers[0]?.say(welcome);
  peers[0]?.close(1012, "restart");
  await clock.advance(500);
  peers[1]?.say(welcome);
  for (let count = 0; count < 20; count++) {
    await clock.advance(pongMsMax);
    peers[1]?.sayText("pong");
  }
  expect(polls).toEqual([]);
  expect(states).toEqual([["live"], ["polling", "restart"], ["live"]]);
  await feed[Symbol.asyncDispose]();
});

test("F8 polls come every 10 s while there is news", async () => {
  let seq = 0;
  const { feed, clock, polls } = feedWith({ how: refused, pages: () => page(++seq, seq) });
  await clock.advance(10 * pollActiveMs);
  expect(polls.map(({ atMs }) => atMs)).toEqual(Array.from({ length: 11 }, (_, index) => index * pollActiveMs));
  await feed[Symbol.asyncDispose]();
});

test("F8 polls back off to 120 s while all is quiet, and news brings them back to 10 s", async () => {
  let news = false;
  const { feed, clock, polls } = feedWith({ how: refused, pages: (since) => (news ? page(since + 1, since + 1) : page(0)) });
  await clock.advance(1000 * 1000);
  const waits = polls.slice(1).map(({ atMs }, index) => atMs - (polls[index]?.atMs ?? 0));
  expect(waits.slice(0, 6)).toEqual([10_000, 10_000, 20_000, 40_000, 80_000, 120_000]);
  expect(Math.max(...waits)).toBe(pollIdleMsMax);
  news = true;
  const before = polls.length;
  await clock.advance(pollIdleMsMax + 3 * pollActiveMs);
  expect(polls.length - before).toBeGreaterThanOrEqual(4);
  await feed[Symbol.asyncDispose]();
});

test("F8 a request to look is followed at once, with a socket and without", async () => {
  for (const how of [refused, () => "open" as const]) {
    const { feed, clock, polls, peers } = feedWith({ how });
    await settled();
    peers[0]?.say(welcome);
    await clock.advance(5000);
    const before = polls.length;
    feed.refresh();
    await settled();
    expect(polls.length).toBe(before + 1);
    await feed[Symbol.asyncDispose]();
  }
});

test("F8 a request to look tries for a socket at once", async () => {
  let opens = false;
  const { feed, clock, peers } = feedWith({ how: () => (opens ? "open" : refused()) });
  await clock.advance(100_000);
  opens = true;
  feed.refresh();
  await settled();
  expect(peers).toHaveLength(1);
  await feed[Symbol.asyncDispose]();
});

test("F9 pages are read up to the head, each handed on", async () => {
  const pages = new Map([
    [0, page(5, 1, 2)],
    [2, page(6, 3, 4)],
  ]);
  const { feed, polls, messages } = feedWith({ how: refused, pages: (since) => pages.get(since) ?? page(6, 5, 6) });
  await settled();
  expect(polls.map(({ since }) => since)).toEqual([0, 2, 4]);
  expect(messages.flatMap((message) => ("changes" in message ? message.changes.map(({ seq }) => seq) : []))).toEqual([1, 2, 3, 4, 5, 6]);
  await feed[Symbol.asyncDispose]();
});

test("F9 a page that does not move on is not followed for ever", async () => {
  const { feed, polls } = feedWith({ how: refused, pages: () => page(9, 0) });
  await settled();
  expect(polls).toHaveLength(1);
  await feed[Symbol.asyncDispose]();
});

test("F9 a device that knows nothing yet is welcomed with the epoch", async () => {
  const { feed, messages } = feedWith({ how: refused, epoch: null, pages: () => page(3, 1) });
  await settled();
  expect(messages).toEqual([{ type: "welcome", epoch, head: 3, changes: [change(1)] }]);
  await feed[Symbol.asyncDispose]();
});

test.for(["cursor-expired", "epoch-changed"] as const)(
  "F10 a cursor refused with %s tells the device to reconcile, once for that cursor",
  async (code) => {
    const { feed, clock, messages, cursor, polls } = feedWith({ how: refused, pages: () => Promise.reject(new ProblemError(code)) });
    await clock.advance(5 * pollActiveMs);
    expect(polls.length).toBeGreaterThan(2);
    expect(messages).toEqual([{ type: "reconcile", code, epoch, head: 42 }]);
    cursor.seq = 3;
    await clock.advance(pollIdleMsMax);
    expect(messages).toHaveLength(2);
    await feed[Symbol.asyncDispose]();
  },
);

test("F11 without socket and without answers the feed is offline with the reason, until an answer comes", async () => {
  let reachable = false;
  const pages = () => (reachable ? page(0) : Promise.reject(new UnreachableError("The server cannot be reached: no route")));
  const { feed, clock, states } = feedWith({ how: refused, pages });
  await settled();
  expect(states.at(-1)).toEqual(["offline", "The server cannot be reached: no route"]);
  reachable = true;
  await clock.advance(pollIdleMsMax);
  expect(states.at(-1)).toEqual(["polling", "no socket here"]);
  await feed[Symbol.asyncDispose]();
});

test("F11 the wait that the server asks for is kept before the next poll", async () => {
  const busy = new UnreachableError("busy", { retryAfterMs: 300_000 });
  const { feed, clock, polls } = feedWith({ how: refused, pages: () => Promise.reject(busy) });
  await clock.advance(299_000);
  expect(polls).toHaveLength(1);
  await clock.advance(1000);
  expect(polls).toHaveLength(2);
  await feed[Symbol.asyncDispose]();
});

test("F12 disposing ends sockets and polls, and says nothing more", async () => {
  const { feed, clock, peers, states, polls } = feedWith();
  await settled();
  peers[0]?.say(welcome);
  await feed[Symbol.asyncDispose]();
  expect(peers[0]?.closedByDevice).toMatchObject({ code: 1000 });
  feed.refresh();
  await clock.advance(10 * pollIdleMsMax);
  expect([states, polls.length, peers.length]).toEqual([[["live"]], 0, 1]);
});
