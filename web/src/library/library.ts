/** The account's tree as the page shows it: listings read when they are wanted, then kept right by the journal. */
import { rootId, type Epoch, type NodeId, type Seq } from "@ashlar/shared/ids";
import type { Change, ServerMessage } from "@ashlar/shared/protocol/change";
import type { Op, OpResult } from "@ashlar/shared/protocol/commit";
import { commitOpsMax } from "@ashlar/shared/limits";
import { SignedOutError } from "@ashlar/client/edge/errors";
import type { CommitContent, Feed, FeedState } from "@ashlar/client/ports";
import { systemClock } from "../platform/clock.ts";
import { createStore, type Readable, type Store } from "../platform/store.ts";
import type { Connection } from "../session/connection.ts";
import { type Entry, entryOf } from "./entry.ts";
import { KnownNodes } from "./known-nodes.ts";
import { Overlay } from "./overlay.ts";

export type ListingState =
  | { readonly type: "loading" }
  | { readonly type: "ready" }
  | { readonly type: "failed"; readonly why: string; readonly isGone: boolean };
/** `revision` changes with every change of what is listed. */
export type Listing = { readonly state: ListingState; readonly revision: number };
export type LinkState = { readonly state: FeedState | "connecting"; readonly why: string | undefined };

export type Answered = { readonly op: Op; readonly result: OpResult };

/** While a long folder is read, it is shown no more often than this. */
const showEveryMs = 200;
const retryMs = 3000;

export class Library {
  readonly connection: Connection;
  readonly link: Readable<LinkState>;
  /** The latest changes of other devices, for whoever wants to say them. */
  readonly news: Readable<readonly Change[]>;
  /** How many commits of this page the server has answered. */
  readonly commits: Readable<number>;
  /** Changes with whatever is shown, in any folder. */
  readonly revision: Readable<number>;
  readonly #commits = createStore(0);
  readonly #revision = createStore(0);
  readonly #known = new KnownNodes();
  readonly #overlay = new Overlay(this.#known);
  readonly #listings = new Map<NodeId, Store<Listing>>();
  readonly #link = createStore<LinkState>({ state: "connecting", why: undefined });
  readonly #news = createStore<readonly Change[]>([]);
  readonly #stop = new AbortController();
  readonly #onEnded: (why: string) => void;
  #cursor: { epoch: Epoch | null; seq: Seq } = { epoch: null, seq: 0 };
  #feed: Feed | undefined;
  #isCatchingUp = false;

  constructor(connection: Connection, onEnded: (why: string) => void) {
    this.connection = connection;
    this.#onEnded = onEnded;
    this.link = this.#link;
    this.news = this.#news;
    this.commits = this.#commits;
    this.revision = this.#revision;
    void this.#start();
  }

  /** As the page shows it; undefined when it is not known here. */
  get(node: NodeId): Entry | undefined {
    const entry = this.#overlay.get(node);
    return entry?.isDeleted === true ? undefined : entry;
  }

  /** As the page shows it now; undefined when it was deleted. */
  latest(entry: Entry): Entry | undefined {
    const shown = this.#overlay.get(entry.node) ?? entry;
    return shown.isDeleted ? undefined : shown;
  }

  childrenOf(folder: NodeId): Iterable<Entry> {
    return this.#overlay.childrenOf(folder);
  }

  /** Reads the folder if it was not read yet. */
  listing(folder: NodeId): Readable<Listing> {
    const known = this.#listings.get(folder);
    if (known !== undefined) return known;
    const listing = createStore<Listing>({ state: { type: "loading" }, revision: 0 });
    this.#listings.set(folder, listing);
    void this.#read(folder, listing);
    return listing;
  }

  /** Reads a folder once more, after it failed or for somebody who wants to be sure. */
  reread(folder: NodeId): void {
    const listing = this.#listings.get(folder);
    if (listing !== undefined) void this.#read(folder, listing);
    else this.listing(folder);
  }

  /** The folders from below the root down to this one; rejects with ProblemError `not-found`. */
  async chainOf(node: NodeId): Promise<Entry[]> {
    const chain: Entry[] = [];
    for (let at = node; at !== rootId;) {
      let entry = this.get(at);
      if (entry === undefined) {
        const page = await this.connection.edge.tree(at, null, this.#stop.signal);
        entry = entryOf(page.folder);
        this.#learn([entry]);
      }
      chain.unshift(entry);
      at = entry.parent;
    }
    return chain;
  }

  refresh(): void {
    this.#feed?.refresh();
  }

  /** Shows the operations as done, sends them, and shows what the server made of them. Rejects as the edge does. */
  async commit(ops: readonly Op[], content: CommitContent = { inline: [], deltas: [] }): Promise<Answered[]> {
    this.#touch(ops.flatMap((op) => this.#overlay.wish(op)));
    const answered: Answered[] = [];
    try {
      for (let at = 0; at < ops.length; at += commitOpsMax) {
        const part = ops.slice(at, at + commitOpsMax);
        const { results, changes } = await this.connection.edge.commit(part, content, this.#stop.signal);
        this.#learn(changes.map(entryOf));
        for (const [index, result] of results.entries()) {
          const op = part[index];
          if (op !== undefined) answered.push({ op, result });
          if (result.status === "conflict" && result.current !== null) this.#learn([entryOf(result.current)]);
        }
      }
      return answered;
    } finally {
      this.#touch(ops.flatMap((op) => this.#overlay.forget(op)));
      this.#commits.update((count) => count + 1);
    }
  }

  /** What some other part of the page has learned from the server. */
  learnChanges(changes: readonly Change[]): void {
    this.#learn(changes.map(entryOf));
    this.#commits.update((count) => count + 1);
  }

  /** Found in some other way than by reading its folder. */
  learnEntries(entries: readonly Entry[]): void {
    this.#learn(entries);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#feed?.[Symbol.asyncDispose]();
  }

  async #start(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        const page = await this.connection.edge.tree(rootId, null, signal);
        this.#cursor = { epoch: page.epoch, seq: page.head };
        break;
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof SignedOutError) return this.#onEnded(error.message);
        this.#link.set({ state: "offline", why: messageOf(error) });
        await systemClock.sleep(retryMs, signal).catch(() => undefined);
      }
    }
    if (signal.aborted) return;
    this.#feed = this.connection.openFeed({
      cursor: () => this.#cursor,
      message: (message) => this.#hear(message),
      state: (state, why) => this.#link.set({ state, why }),
      ended: (why) => this.#onEnded(why),
    });
  }

  #hear(message: ServerMessage): void {
    // A page keeps no blocks.
    if (message.type === "coming") return;
    if (message.type === "reconcile") {
      this.#cursor = { epoch: message.epoch, seq: message.head };
      this.#known.clear();
      for (const [folder, listing] of this.#listings) void this.#read(folder, listing);
      return;
    }
    if (message.type === "welcome") this.#cursor = { ...this.#cursor, epoch: message.epoch };
    this.#follow(message.changes, message.head);
  }

  #follow(changes: readonly Change[], head: Seq): void {
    const news = changes.filter(({ seq }) => seq > this.#cursor.seq);
    const first = news[0];
    if (first !== undefined && first.seq === this.#cursor.seq + 1) {
      this.#learn(news.map(entryOf));
      this.#cursor = { ...this.#cursor, seq: news.at(-1)?.seq ?? first.seq };
      const others = news.filter(({ device }) => device !== this.connection.tokens.device);
      if (others.length > 0) this.#news.set(others);
    }
    if (this.#cursor.seq < head) void this.#catchUp();
  }

  /** Some were missed: the journal has them. */
  async #catchUp(): Promise<void> {
    if (this.#isCatchingUp) return;
    this.#isCatchingUp = true;
    const { signal } = this.#stop;
    try {
      for (;;) {
        const { epoch, seq } = this.#cursor;
        const page = await this.connection.edge.changes(seq, epoch, signal);
        if (page.changes.length === 0) return;
        this.#follow(page.changes, page.changes.at(-1)?.seq ?? seq);
      }
    } catch (error) {
      // The feed meets the same: it says so, comes back, and has them told again.
      if (!signal.aborted) this.#link.set({ state: "offline", why: messageOf(error) });
    } finally {
      this.#isCatchingUp = false;
    }
  }

  async #read(folder: NodeId, listing: Store<Listing>): Promise<void> {
    const { signal } = this.#stop;
    const touch = (state: ListingState) => listing.update(({ revision }) => ({ state, revision: revision + 1 }));
    touch({ type: "loading" });
    try {
      let shownMs = -Infinity;
      for (let after: string | null = null; ;) {
        const page = await this.connection.edge.tree(folder, after, signal);
        for (const entry of [page.folder, ...page.children].map(entryOf)) this.#known.learn(entry);
        after = page.next;
        if (after === null) break;
        if (performance.now() - shownMs < showEveryMs) continue;
        shownMs = performance.now();
        touch({ type: "loading" });
      }
      touch({ type: "ready" });
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof SignedOutError) return this.#onEnded(error.message);
      touch({ type: "failed", why: messageOf(error), isGone: error instanceof Error && "code" in error && error.code === "not-found" });
    }
  }

  #learn(entries: readonly Entry[]): void {
    this.#touch(entries.flatMap((entry) => [...this.#known.learn(entry), entry.node]));
  }

  #touch(folders: readonly NodeId[]): void {
    for (const folder of new Set(folders)) this.#listings.get(folder)?.update(({ state, revision }) => ({ state, revision: revision + 1 }));
    if (folders.length > 0) this.#revision.update((revision) => revision + 1);
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
