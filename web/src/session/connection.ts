/** Everything that this browser can ask of the edge once it is signed in. */
import type { Caller } from "@ashlar/client/edge/caller";
import { createEdge } from "@ashlar/client/edge/edge";
import { createHistoryEdge, type HistoryEdge } from "@ashlar/client/edge/history";
import { createSignedCaller } from "@ashlar/client/edge/signed-caller";
import type { Tokens } from "@ashlar/client/edge/tokens";
import { openFeed } from "@ashlar/client/feed/feed";
import type { Edge, Feed, FeedEvents } from "@ashlar/client/ports";
import { systemClock } from "../platform/clock.ts";
import { hmac } from "../platform/hash.ts";
import { randomBytes } from "../platform/random.ts";
import { connectSocket } from "../platform/socket.ts";

export type Connection = {
  readonly tokens: Tokens;
  readonly call: Caller;
  readonly edge: Edge;
  readonly history: HistoryEdge;
  openFeed(events: FeedEvents): Feed;
};

/** A page asks for no compressed blocks, so none come. */
const noCompression = { decompress: async (bytes: Uint8Array) => bytes };

export function openConnection(call: Caller, tokens: Tokens, deviceName: string): Connection {
  const signed = createSignedCaller(call, tokens);
  const edge = createEdge({ call: signed, tokens, deviceName, compression: noCompression, hmac });
  return {
    tokens,
    call: signed,
    edge,
    history: createHistoryEdge(signed),
    openFeed: (events) => openFeed({ connect: connectSocket, tokens, edge, events, clock: systemClock, random: randomBytes }),
  };
}
