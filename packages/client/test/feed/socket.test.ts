import { SignedOutError } from "@ashlar/client/edge/errors";
import type { BlockHash } from "@ashlar/shared/ids";
import { connectMsMax, pingMs, pollIdleMsMax, pongMsMax, reconnectMsMax, socketStableMs } from "@ashlar/shared/limits";
import { expect, test } from "vitest";
import { settled } from "../support/clocks.ts";
import { change, epoch, feedWith, refused, welcome } from "../support/feed.ts";

test("F2 hello carries the cursor as it is at every connection", async () => {
  const { feed, clock, peers, cursor } = feedWith();
  await settled();
  Object.assign(cursor, { seq: 7, op: change(7).opId });
  peers[0]?.close(1006);
  await clock.advance(reconnectMsMax);
  expect(peers.map(({ heard }) => JSON.parse(heard[0] ?? ""))).toEqual([
    { type: "hello", epoch, cursor: 0 },
    { type: "hello", epoch, cursor: 7, op: change(7).opId },
  ]);
  await feed[Symbol.asyncDispose]();
});

test("F2 the feed is live with the server's first message, and every message is handed on in order", async () => {
  const { feed, peers, states, messages } = feedWith();
  await settled();
  expect(states).toEqual([]);
  const news = { type: "changes", head: 1, changes: [change(1)], inline: [], locations: [] };
  peers[0]?.say(welcome);
  peers[0]?.say(news);
  expect(states).toEqual([["live"]]);
  expect(messages).toEqual([welcome, news]);
  await feed[Symbol.asyncDispose]();
});

test("F13 what is on the disk is told on a socket that was greeted, and on no other", async () => {
  const { feed, clock, peers } = feedWith();
  await settled();
  feed.applied(1);
  peers[0]?.say(welcome);
  feed.applied(2);
  peers[0]?.close(1006);
  await settled();
  feed.applied(3);
  await clock.advance(reconnectMsMax);
  feed.applied(4);
  peers[1]?.say(welcome);
  feed.applied(5);
  const applied = peers.map(({ heard }) => heard.slice(1).map((text) => JSON.parse(text)));
  expect(applied).toEqual([[{ type: "applied", seq: 2 }], [{ type: "applied", seq: 5 }]]);
  await feed[Symbol.asyncDispose]();
});

test("F14 what is being sent is told on a socket that was greeted, and on no other", async () => {
  const { feed, peers } = feedWith();
  const hash = "ab".repeat(32) as BlockHash;
  await settled();
  feed.sending([hash]);
  peers[0]?.say(welcome);
  feed.sending([hash]);
  expect(peers[0]?.heard.slice(1).map((text) => JSON.parse(text))).toEqual([{ type: "sending", hashes: [hash] }]);
  await feed[Symbol.asyncDispose]();
});

test("F3 a ping goes out every 30 s, and a peer that answers is kept", async () => {
  const { feed, clock, peers } = feedWith();
  await settled();
  peers[0]?.say(welcome);
  for (let count = 1; count <= 5; count++) {
    await clock.advance(pingMs);
    await settled();
    expect(peers[0]?.heard.slice(1)).toEqual(Array.from({ length: count }, () => "ping"));
    peers[0]?.sayText("pong");
    await clock.advance(pongMsMax);
  }
  expect(peers).toHaveLength(1);
  await feed[Symbol.asyncDispose]();
});

test("F3 a peer that says nothing within 10 s of a ping is dead, and the socket is opened anew", async () => {
  const { feed, clock, peers, states } = feedWith();
  await settled();
  peers[0]?.say(welcome);
  await clock.advance(pingMs + pongMsMax + 1);
  await settled();
  expect(peers[0]?.closedByDevice).toBeDefined();
  expect(states).toEqual([["live"], ["polling", "the server fell silent"]]);
  await clock.advance(reconnectMsMax);
  expect(peers).toHaveLength(2);
  await feed[Symbol.asyncDispose]();
});

test("F3 a server that opens a socket and never answers hello is left", async () => {
  const { feed, clock, peers } = feedWith();
  await clock.advance(pingMs + 1);
  await settled();
  expect(peers[0]?.closedByDevice).toMatchObject({ reason: "the server did not answer hello" });
  await feed[Symbol.asyncDispose]();
});

test("F3 a socket that does not open within 10 s is given up", async () => {
  const { feed, clock, attempts } = feedWith({ how: () => "never", chance: 0 });
  await clock.advance(connectMsMax + 1);
  await settled();
  expect(attempts).toHaveLength(2);
  expect(attempts[0]?.signal.aborted).toBe(true);
  await feed[Symbol.asyncDispose]();
});

const notOfTheProtocol = [["{"], ["null"], ['{"type":"fire"}'], [JSON.stringify({ ...welcome, head: -1 })], [undefined]];

test.for(notOfTheProtocol)("F4 after the message %j the socket is closed with 4400 and opened anew", async ([text]) => {
  const { feed, clock, peers, messages } = feedWith();
  await settled();
  peers[0]?.say(welcome);
  peers[0]?.sayText(text);
  peers[0]?.say({ ...welcome, head: 9 });
  await settled();
  expect(peers[0]?.closedByDevice).toMatchObject({ code: 4400 });
  expect(messages).toEqual([welcome]);
  await clock.advance(reconnectMsMax);
  expect(peers).toHaveLength(2);
  await feed[Symbol.asyncDispose]();
});

test("F5 reconnections wait anywhere below 0.5 s, 1 s, 2 s, ... and never more than 30 s", async () => {
  for (const [chance, ceilings] of [
    [0.99999, [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]],
    [0.5, [250, 500, 1000, 2000, 4000, 8000, 15_000, 15_000]],
  ] as const) {
    const opened: number[] = [];
    const { feed, clock, startMs } = feedWith({ how: () => (opened.push(clock.now() - startMs), refused()), chance });
    await clock.advance(ceilings.reduce((sum, each) => sum + each, 0));
    const waits = opened.slice(1).map((at, index) => at - (opened[index] ?? 0));
    expect(waits.map((wait) => Math.round(wait / 10) * 10)).toEqual(ceilings.slice(0, waits.length));
    expect(waits.length).toBeGreaterThanOrEqual(7);
    await feed[Symbol.asyncDispose]();
  }
});

test("F5 after a minute of being live the next wait is the shortest again, after less it is not", async () => {
  for (const [livedMs, reconnects] of [
    [socketStableMs, true],
    [socketStableMs - 1, false],
  ] as const) {
    let opens = false;
    const { feed, clock, peers } = feedWith({ how: () => (opens ? "open" : refused()) });
    await clock.advance(10_000);
    opens = true;
    await clock.advance(reconnectMsMax);
    peers[0]?.say(welcome);
    for (let passedMs = 0; passedMs < livedMs; passedMs += 5000) {
      await clock.advance(Math.min(5000, livedMs - passedMs));
      peers[0]?.sayText("pong");
    }
    peers[0]?.close(1012);
    await clock.advance(500);
    expect(peers.length).toBe(reconnects ? 2 : 1);
    await feed[Symbol.asyncDispose]();
  }
});

test("F6 close code 4401 renews the token before the next connection", async () => {
  const { feed, clock, peers } = feedWith();
  await settled();
  peers[0]?.close(4401);
  await clock.advance(reconnectMsMax);
  expect(peers.map(({ token }) => token)).toEqual(["token-1", "token-2"]);
  await feed[Symbol.asyncDispose]();
});

test("F6 close code 4403 ends the feed for good, with the server's reason", async () => {
  const { feed, clock, peers, states, endings, polls } = feedWith();
  await settled();
  peers[0]?.say(welcome);
  peers[0]?.close(4403, "this device was signed out");
  await clock.advance(10 * pollIdleMsMax);
  expect(states.at(-1)).toEqual(["offline", "this device was signed out"]);
  expect(endings).toEqual(["this device was signed out"]);
  expect([peers.length, polls.length]).toEqual([1, 0]);
  await feed[Symbol.asyncDispose]();
});

test("F6 a session that has ended stops the feed for good", async () => {
  const ended = new SignedOutError("refresh-reused");
  const { feed, clock, peers, states } = feedWith({ renew: () => Promise.reject(ended) });
  await settled();
  peers[0]?.close(4401);
  await clock.advance(10 * pollIdleMsMax);
  expect(states).toEqual([["offline", ended.message]]);
  expect(peers).toHaveLength(1);
  await feed[Symbol.asyncDispose]();
});
