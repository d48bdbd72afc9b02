import { SignedOutError } from "@ashlar/client/edge/errors";
import { openFeed } from "@ashlar/client/feed/feed";
import { UnreachableError } from "@ashlar/client/ports";
import { type Epoch, epochSchema, rootId } from "@ashlar/shared/ids";
import { connectMsMax, pingMs, pollActiveMs, pollIdleMsMax, pongMsMax, reconnectMsMax, socketStableMs } from "@ashlar/shared/limits";
import { type Change, changeSchema, type ChangesPage, type ServerMessage } from "@ashlar/shared/protocol/change";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import { describe, expect, test } from "vitest";
import { chanceAt, manualClock, settled } from "../support/clocks.ts";
import { fakeSockets } from "../support/fake-socket.ts";
import { sessionAt } from "../support/session.ts";

const epoch = epochSchema.parse("e".repeat(22));
const welcome = { type: "welcome", epoch, head: 0, changes: [] };
const refused = () => new Error("no socket here");

function change(seq: number): Change {
  const id = "x".repeat(22);
  const place = { node: id, parent: rootId, name: "a", path: "a", kind: "folder" };
  const content = { rev: 1, version: 0, size: 0, mtimeMs: 0, mode: 0o755, manifest: null, deltas: [] };
  return changeSchema.parse({ seq, opId: id, type: "create", user: id, device: id, at: 0, ...place, ...content });
}
const page = (head: number, ...seqs: number[]): ChangesPage => ({ epoch, head, changes: seqs.map(change) });

type Options = {
  how?: () => "open" | "never" | Error;
  pages?: (since: number) => ChangesPage | Promise<ChangesPage>;
  epoch?: Epoch | null;
  chance?: number;
  renew?: () => Promise<string>;
};

function feedWith(options: Options = {}) {
  const clock = manualClock();
  const sockets = fakeSockets(options.how);
  const states: (string | undefined)[][] = [];
  const messages: ServerMessage[] = [];
  const polls: { since: number; atMs: number }[] = [];
  const cursor = { epoch: options.epoch === undefined ? epoch : options.epoch, seq: 0 };
  let token = 1;
  const startMs = clock.now();
  const { user, device } = sessionAt(1, 0);
  const feed = openFeed({
    connect: sockets.connect,
    tokens: { user, device, current: async () => `token-${token}`, renew: options.renew ?? (async () => `token-${++token}`) },
    edge: {
      async changes(since) {
        polls.push({ since, atMs: clock.now() - startMs });
        return (options.pages ?? (() => page(0)))(since);
      },
      async tree() {
        const folder = {
          node: rootId,
          parent: rootId,
          name: "",
          kind: "folder" as const,
          rev: 1,
          version: 0,
          size: 0,
          mtimeMs: 0,
          mode: 0,
          digest: "",
        };
        return { epoch, head: 42, folder, children: [], next: null };
      },
    },
    events: {
      cursor: () => cursor,
      message: (message) => messages.push(message),
      state: (...state) => states.push(state),
    },
    clock,
    random: chanceAt(options.chance ?? 0.99999),
  });
  return { feed, clock, ...sockets, states, messages, polls, cursor, startMs };
}

describe("the socket", () => {
  test("F2 hello carries the cursor as it is at every connection", async () => {
    const { feed, clock, peers, cursor } = feedWith();
    await settled();
    cursor.seq = 7;
    peers[0]?.close(1006);
    await clock.advance(reconnectMsMax);
    expect(peers.map(({ heard }) => JSON.parse(heard[0] ?? ""))).toEqual([
      { type: "hello", epoch, cursor: 0 },
      { type: "hello", epoch, cursor: 7 },
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

  test.for([["{"], ["null"], ['{"type":"fire"}'], [JSON.stringify({ ...welcome, head: -1 })], [undefined]])(
    "F4 after the message %j the socket is closed with 4400 and opened anew",
    async ([text]) => {
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
    },
  );

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
    const { feed, clock, peers, states, polls } = feedWith();
    await settled();
    peers[0]?.say(welcome);
    peers[0]?.close(4403, "this device was signed out");
    await clock.advance(10 * pollIdleMsMax);
    expect(states.at(-1)).toEqual(["offline", "this device was signed out"]);
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
});

describe("without a socket", () => {
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
});
