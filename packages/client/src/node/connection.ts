/** An account's edge, reached over the real network with the tokens of the home. */
import { randomBytes } from "node:crypto";
import { createCaller, type Caller } from "../edge/caller.ts";
import { createEdge } from "../edge/edge.ts";
import { createSignedCaller } from "../edge/signed-caller.ts";
import { createTokens, type SessionStore } from "../edge/tokens.ts";
import { openFeed } from "../feed/feed.ts";
import type { Edge, Feed, FeedEvents } from "../ports.ts";
import { systemClock } from "./clock.ts";
import type { Account, Home } from "./home.ts";
import { openHttp } from "./http.ts";
import { socketConnector } from "./socket.ts";

/** Disposing of it closes its connections; requests under way fail. */
export type Connection = AsyncDisposable & {
  /** Signed with the device's token. */
  readonly call: Caller;
  readonly edge: Edge;
  readonly sessions: SessionStore;
  openFeed(events: FeedEvents): Feed;
};

export function openConnection(home: Home, account: Account): Connection {
  const { server, deviceName, session } = account;
  const origin = new URL(server);
  const clock = systemClock;
  const http = openHttp(origin);
  const call = createCaller({ http, clock, random: randomBytes });
  const sessions = home.sessions(session.user, session.device);
  const tokens = createTokens({ call, session, sessions, clock });
  const signedCall = createSignedCaller(call, tokens);
  const edge = createEdge({ call: signedCall, tokens, deviceName });
  const connect = socketConnector(origin);
  return {
    call: signedCall,
    edge,
    sessions,
    openFeed: (events) => openFeed({ connect, tokens, edge, events, clock, random: randomBytes }),
    [Symbol.asyncDispose]: () => http[Symbol.asyncDispose](),
  };
}
