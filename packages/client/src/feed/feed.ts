/** Changes as they happen, by a socket that comes back by itself, and by polling until it does. */
import { pollActiveMs, pollIdleMsMax, socketStableMs } from "@ashlar/shared/limits";
import { closeCodes, type DeviceMessage } from "@ashlar/shared/protocol/change";
import { fullJitterMs } from "../edge/backoff.ts";
import { SignedOutError } from "../edge/errors.ts";
import type { Tokens } from "../edge/tokens.ts";
import { type Clock, type Edge, type Feed, type FeedEvents, type FeedState, type RandomBytes, UnreachableError } from "../ports.ts";
import { createPause } from "./pause.ts";
import { createPoll } from "./poller.ts";
import { runSession } from "./session.ts";
import type { Connect } from "./socket.ts";

export type FeedOptions = {
  readonly connect: Connect;
  readonly tokens: Tokens;
  readonly edge: Pick<Edge, "changes" | "tree">;
  readonly events: FeedEvents;
  readonly clock: Clock;
  readonly random: RandomBytes;
};

type Attempt = { readonly ended: boolean; readonly why: string };

/** Begins at once. Ends when it is disposed of, or when the session ends: its last state is then `offline` with the reason. */
export function openFeed({ connect, tokens, edge, events, clock, random }: FeedOptions): Feed {
  const stop = new AbortController();
  const { signal } = stop;
  const beforeConnecting = createPause(clock, signal);
  const beforePolling = createPause(clock, signal);
  const poll = createPoll(edge, events);
  let liveSinceMs: number | undefined;
  let lostBecause = "";
  /** Infinity: nobody needs one. */
  let nextPollMs = Infinity;
  /** The last change or request to look: polling slows down as this recedes. */
  let activeMs = clock.now();
  let lastSaid = "";
  let tellServer: ((message: DeviceMessage) => void) | undefined;

  function say(state: FeedState, why?: string): void {
    const saying = `${state} ${why ?? ""}`;
    if (saying === lastSaid || signal.aborted) return;
    lastSaid = saying;
    if (why === undefined) events.state(state);
    else events.state(state, why);
  }

  function end(why: string): void {
    say("offline", why);
    if (!signal.aborted) events.ended(why);
    stop.abort();
  }

  function pollAt(ms: number): void {
    nextPollMs = ms;
    beforePolling.wake();
  }

  function goLive(): void {
    if (liveSinceMs !== undefined) return;
    liveSinceMs = clock.now();
    nextPollMs = Infinity;
    say("live");
  }

  async function connectOnce(): Promise<Attempt> {
    try {
      const token = await tokens.current(signal);
      const { code, reason } = await runSession({
        connect,
        token,
        hello() {
          const { epoch, seq, op } = events.cursor();
          return { type: "hello", epoch, cursor: seq, op };
        },
        greeted(tell) {
          tellServer = tell;
        },
        message(message) {
          goLive();
          events.message(message);
        },
        clock,
        signal,
      });
      if (code === closeCodes.revoked) return { ended: true, why: reason || "This device was signed out." };
      if (code === closeCodes.unauthenticated) await tokens.renew(token, signal);
      return { ended: false, why: reason || `the socket closed with code ${code}` };
    } catch (error) {
      return { ended: error instanceof SignedOutError, why: messageOf(error) };
    }
  }

  async function stayConnected(): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      const { ended, why } = await connectOnce();
      if (ended) return end(why);
      tellServer = undefined;
      const wasLive = liveSinceMs !== undefined;
      const wasStable = liveSinceMs !== undefined && clock.now() - liveSinceMs >= socketStableMs;
      liveSinceMs = undefined;
      failures = wasStable ? 1 : failures + 1;
      lookWithoutSocket(wasLive, why);
      await beforeConnecting.sleep(fullJitterMs(failures, random));
    }
  }

  /** A lost socket is usually back at once; one that does not open leaves the device blind, so it looks right away. */
  function lookWithoutSocket(wasLive: boolean, why: string): void {
    lostBecause = why;
    if (wasLive) {
      say("polling", why);
      pollAt(clock.now() + pollActiveMs);
    } else if (nextPollMs === Infinity) {
      pollAt(clock.now());
    }
  }

  async function keepPolling(): Promise<void> {
    while (!signal.aborted) {
      await beforePolling.sleep(Math.min(Math.max(nextPollMs - clock.now(), 0), pollIdleMsMax));
      if (signal.aborted || clock.now() < nextPollMs) continue;
      let waitMs = 0;
      nextPollMs = Infinity;
      try {
        if (await poll(signal)) activeMs = clock.now();
        if (liveSinceMs === undefined) say("polling", lostBecause);
      } catch (error) {
        if (error instanceof SignedOutError) return end(error.message);
        if (error instanceof UnreachableError) waitMs = error.retryAfterMs ?? 0;
        if (liveSinceMs === undefined) say("offline", messageOf(error));
      }
      waitMs = Math.max(waitMs, pollActiveMs, Math.min(clock.now() - activeMs, pollIdleMsMax));
      // Unless somebody asked for another look meanwhile.
      if (nextPollMs === Infinity && liveSinceMs === undefined) nextPollMs = clock.now() + waitMs;
    }
  }

  const loops = Promise.all([stayConnected(), keepPolling()]);

  return {
    refresh() {
      activeMs = clock.now();
      pollAt(clock.now());
      beforeConnecting.wake();
    },
    applied(seq) {
      tellServer?.({ type: "applied", seq });
    },
    sending(hashes) {
      tellServer?.({ type: "sending", hashes: [...hashes] });
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await loops;
    },
  };
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
