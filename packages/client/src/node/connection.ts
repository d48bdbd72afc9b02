/** An account's edge, reached over the real network with the tokens of the home. */
import { randomBytes } from "node:crypto";
import { createCaller, type Caller } from "../edge/caller.ts";
import { createEdge } from "../edge/edge.ts";
import { createSignedCaller } from "../edge/signed-caller.ts";
import { SignedOutError } from "../edge/errors.ts";
import { createTokens, type SessionStore, type Tokens } from "../edge/tokens.ts";
import { openFeed } from "../feed/feed.ts";
import type { Edge, Feed, FeedEvents } from "../ports.ts";
import { systemClock } from "./clock.ts";
import { zstd } from "./compression.ts";
import { hmacSha256 } from "./hash.ts";
import type { Account, Home } from "./home.ts";
import { openHttp } from "./http.ts";
import { watchReach } from "./reach.ts";
import { socketConnector } from "./socket.ts";

/** Disposing of it closes its connections, and requests under way fail; that the session has ended is then on the disk. */
export type Connection = AsyncDisposable & {
  /** Signed with the device's token. */
  readonly call: Caller;
  readonly edge: Edge;
  readonly sessions: SessionStore;
  openFeed(events: FeedEvents): Feed;
};

/** `onLost` is told why the server does not answer, once until it answers again. */
export function openConnection(home: Home, account: Account, onLost: (why: string) => void = () => {}): Connection {
  const { server, deviceName, session } = account;
  const origin = new URL(server);
  const clock = systemClock;
  const http = openHttp(origin);
  const call = createCaller({ http: watchReach(http, onLost), clock, random: randomBytes });
  const sessions = home.sessions(session.user, session.device);
  let isEnded = false;
  const tokens = noticing(createTokens({ call, session, sessions, clock }), () => (isEnded = true));
  const signedCall = createSignedCaller(call, tokens);
  const edge = createEdge({ call: signedCall, tokens, deviceName, hmac: hmacSha256, compression: zstd });
  const connect = socketConnector(origin);
  return {
    call: signedCall,
    edge,
    sessions,
    openFeed(told) {
      const ended = (why: string) => {
        isEnded = true;
        told.ended(why);
      };
      return openFeed({ connect, tokens, edge, events: { ...told, ended }, clock, random: randomBytes });
    },
    async [Symbol.asyncDispose]() {
      await http[Symbol.asyncDispose]();
      if (isEnded) await sessions.end();
    },
  };
}

function noticing(tokens: Tokens, onEnded: () => void): Tokens {
  const notice = (error: unknown): never => {
    if (error instanceof SignedOutError) onEnded();
    throw error;
  };
  return {
    ...tokens,
    current: (signal) => tokens.current(signal).catch(notice),
    renew: (refused, signal) => tokens.renew(refused, signal).catch(notice),
  };
}
