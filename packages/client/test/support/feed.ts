import { openFeed } from "@ashlar/client/feed/feed";
import type { FeedEvents } from "@ashlar/client/ports";
import { type Epoch, epochSchema, rootId } from "@ashlar/shared/ids";
import { type Change, changeSchema, type ChangesPage, type ServerMessage } from "@ashlar/shared/protocol/change";
import { chanceAt, manualClock } from "./clocks.ts";
import { fakeSockets } from "./fake-socket.ts";
import { sessionAt } from "./session.ts";

export const epoch = epochSchema.parse("e".repeat(22));
export const welcome = { type: "welcome", epoch, head: 0, changes: [] };
export const refused = () => new Error("no socket here");

export function change(seq: number): Change {
  const id = "x".repeat(22);
  const place = { node: id, parent: rootId, name: "a", path: "a", kind: "folder" };
  const content = { rev: 1, version: 0, size: 0, mtimeMs: 0, mode: 0o755, manifest: null, deltas: [] };
  return changeSchema.parse({ seq, opId: id, type: "create", user: id, device: id, at: 0, ...place, ...content });
}
export const page = (head: number, ...seqs: number[]): ChangesPage => ({ epoch, head, changes: seqs.map(change) });

type Options = {
  how?: () => "open" | "never" | Error;
  pages?: (since: number) => ChangesPage | Promise<ChangesPage>;
  epoch?: Epoch | null;
  chance?: number;
  renew?: () => Promise<string>;
};

/** A feed on fake sockets, a fake edge and a clock that the test moves, with all that it says written down. */
export function feedWith(options: Options = {}) {
  const clock = manualClock();
  const sockets = fakeSockets(options.how);
  const states: (string | undefined)[][] = [];
  const endings: string[] = [];
  const messages: ServerMessage[] = [];
  const polls: { since: number; atMs: number }[] = [];
  const cursor: ReturnType<FeedEvents["cursor"]> = { epoch: options.epoch === undefined ? epoch : options.epoch, seq: 0 };
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
      ended: (why) => endings.push(why),
    },
    clock,
    random: chanceAt(options.chance ?? 0.99999),
  });
  return { feed, clock, ...sockets, states, endings, messages, polls, cursor, startMs };
}
