import { EventEmitter } from "node:events";
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { type WatchFolder, type WatcherOptions, openWatcher } from "../../src/node/watcher.ts";
import { WatchTree } from "../../src/node/watch-tree.ts";
import type { RelativePath } from "../../src/ports.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

async function watched(folders: readonly RelativePath[], options?: WatcherOptions) {
  const folder = await temporaryFolder();
  onTestFinished(() => folder[Symbol.asyncDispose]());
  for (const path of folders) mkdirSync(join(folder.path, path), { recursive: true });
  const dirty: RelativePath[] = [];
  const lost: string[] = [];
  const watcher = openWatcher(folder.path, { dirty: (path) => dirty.push(path), lost: (why) => lost.push(why) }, options);
  onTestFinished(() => watcher[Symbol.asyncDispose]());
  for (const path of ["", ...folders]) watcher.add(path);
  return { watcher, dirty, lost, at: (path: string) => join(folder.path, path) };
}

const until = (check: () => void) => vi.waitFor(check, { timeout: 5_000, interval: 5 });

/** Watches that do nothing by themselves; the test speaks for the system. */
class FakeSystem {
  readonly armed: string[] = [];
  readonly closed: string[] = [];
  failWith: string | undefined;
  readonly #handlers = new Map<string, (type: "rename" | "change", name: string | null) => void>();
  readonly #emitters = new Map<string, EventEmitter>();

  readonly watchFolder: WatchFolder = (absolute, onEvent) => {
    if (this.failWith !== undefined) throw Object.assign(new Error(this.failWith), { code: this.failWith });
    this.armed.push(absolute);
    this.#handlers.set(absolute, onEvent);
    const emitter = Object.assign(new EventEmitter(), {
      close: () => this.closed.push(absolute),
      ref: () => emitter,
      unref: () => emitter,
    });
    this.#emitters.set(absolute, emitter);
    return emitter;
  };

  tell(absolute: string, times: number): void {
    for (let count = 0; count < times; count++) this.#handlers.get(absolute)?.("rename", `file${count}`);
  }

  break(absolute: string, code: string): void {
    this.#emitters.get(absolute)?.emit("error", Object.assign(new Error(code), { code }));
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe("watcher", () => {
  it("W1 what happens in a watched folder marks that folder, and not the one above or below", async () => {
    const { dirty, at } = await watched(["a", "a/b"]);
    writeFileSync(at("a/b/file"), "text");
    await until(() => expect(dirty).toContain("a/b"));
    expect(dirty).not.toContain("a");
    dirty.length = 0;
    mkdirSync(at("a/new"));
    await until(() => expect(dirty).toContain("a"));
    expect(dirty).not.toContain("");
  });

  it("W2 a folder that nobody added is not watched", async () => {
    const { dirty, watcher, at } = await watched(["a"]);
    mkdirSync(at("a/new"));
    await until(() => expect(dirty).toContain("a"));
    dirty.length = 0;
    writeFileSync(at("a/new/file"), "text");
    writeFileSync(at("a/file"), "text");
    await until(() => expect(dirty).toContain("a"));
    expect(dirty).not.toContain("a/new");
    watcher.add("a/new");
    writeFileSync(at("a/new/file"), "more");
    await until(() => expect(dirty).toContain("a/new"));
  });

  it("W3 many events of one turn mark a folder once", async () => {
    const system = new FakeSystem();
    const { dirty, at } = await watched(["a"], { watchFolder: system.watchFolder });
    system.tell(at("a"), 100);
    await turn();
    expect(dirty).toEqual(["a"]);
  });

  it("W4 a folder added again is armed once; removed, it takes all below it along; removed again, nothing happens", async () => {
    const system = new FakeSystem();
    const { watcher, at } = await watched(["a", "a/b", "ab"], { watchFolder: system.watchFolder });
    watcher.add("a");
    expect(system.armed).toEqual([at(""), at("a"), at("a/b"), at("ab")].map((path) => path.replace(/\/$/, "")));
    watcher.remove("a");
    watcher.remove("a");
    expect(system.closed.toSorted()).toEqual([at("a"), at("a/b")]);
    watcher.add("a");
    expect(system.armed.at(-1)).toBe(at("a"));
  });

  it.each(["ENOSPC", "EMFILE"])("W5 %s at a watch is told as lost to the limit, once", async (code) => {
    const system = new FakeSystem();
    const { watcher, lost, at } = await watched(["a", "b", "c"], { watchFolder: system.watchFolder });
    watcher.remove("");
    system.failWith = code;
    for (const path of ["a", "b", "c"]) watcher.add(path);
    expect(lost).toEqual(["limit"]);
    system.failWith = undefined;
    watcher.add("a");
    system.break(at("a"), code);
    expect(lost).toEqual(["limit", "limit"]);
  });

  it("W5 a folder that stays without a watch is told once, and again only when all that were have gone", async () => {
    const system = new FakeSystem();
    const { watcher, lost } = await watched(["a", "b"], { watchFolder: system.watchFolder });
    watcher.remove("");
    system.failWith = "ENOSPC";
    for (const path of ["a", "a", "a"]) watcher.add(path);
    expect(lost).toEqual(["limit"]);
    watcher.remove("a");
    watcher.add("b");
    expect(lost).toEqual(["limit", "limit"]);
  });

  it("W12 folders without a watch are counted until they are watched or gone", async () => {
    const system = new FakeSystem();
    const { watcher } = await watched(["a", "b", "c"], { watchFolder: system.watchFolder });
    watcher.remove("");
    expect(watcher.unwatched).toBe(0);
    system.failWith = "ENOSPC";
    for (const path of ["a", "b", "c", "a"]) watcher.add(path);
    expect(watcher.unwatched).toBe(3);
    watcher.remove("c");
    system.failWith = undefined;
    watcher.add("a");
    expect(watcher.unwatched).toBe(1);
  });

  it("W6 half of the system's queue in one turn is told as overflow, one event less is not", async () => {
    const system = new FakeSystem();
    const { lost, at } = await watched(["a"], { watchFolder: system.watchFolder, queuedEventsMax: 100 });
    system.tell(at("a"), 49);
    await turn();
    expect(lost).toEqual([]);
    system.tell(at("a"), 50);
    await turn();
    expect(lost).toEqual(["overflow"]);
  });

  it("W7 a watch that breaks for any other reason is told as an error, one of a folder that is gone is not", async () => {
    const system = new FakeSystem();
    const { lost, at } = await watched(["a", "b"], { watchFolder: system.watchFolder });
    system.break(at("a"), "ENOENT");
    expect(lost).toEqual([]);
    system.break(at("b"), "EIO");
    expect(lost).toEqual(["error"]);
  });

  it("W8 a folder that moved away is marked with all below it, and no longer watched there", async () => {
    const { dirty, watcher, at } = await watched(["a", "a/b"]);
    renameSync(at("a"), at("z"));
    await until(() => expect(dirty).toEqual(expect.arrayContaining(["", "a", "a/b"])));
    for (const path of ["z", "z/b"]) watcher.add(path);
    dirty.length = 0;
    writeFileSync(at("z/b/file"), "text");
    await until(() => expect(dirty).toContain("z/b"));
    expect(dirty).toEqual(["z/b"]);
  });

  it("W9 a folder deleted and made anew is watched again once it is added", async () => {
    const { dirty, watcher, at } = await watched(["a"]);
    rmSync(at("a"), { recursive: true });
    mkdirSync(at("a"));
    await until(() => expect(dirty).toEqual(expect.arrayContaining(["", "a"])));
    watcher.add("a");
    dirty.length = 0;
    writeFileSync(at("a/file"), "text");
    await until(() => expect(dirty).toContain("a"));
  });

  it("W10 neither a missing folder nor a link is watched", async () => {
    const system = new FakeSystem();
    const { watcher, at, lost } = await watched(["a"], { watchFolder: system.watchFolder });
    symlinkSync("a", at("link"));
    const { length } = system.armed;
    watcher.add("link");
    watcher.add("gone");
    expect(system.armed.length).toBe(length);
    expect(lost).toEqual([]);
  });

  it("W11 a watcher that was disposed of tells nothing and adds nothing", async () => {
    const system = new FakeSystem();
    const { watcher, dirty, at } = await watched(["a"], { watchFolder: system.watchFolder });
    system.tell(at("a"), 1);
    await watcher[Symbol.asyncDispose]();
    await turn();
    watcher.add("a");
    expect(dirty).toEqual([]);
    expect(system.closed.length).toBe(2);
    expect(system.armed.length).toBe(2);
  });
});

describe("watch tree", () => {
  it("W4 taking a path takes what is below it and leaves its neighbours", () => {
    const tree = new WatchTree<string>();
    for (const path of ["", "a", "a/b/c", "ab", "b"]) tree.set(path, path);
    expect(tree.take("a").toSorted()).toEqual(["a", "a/b/c"]);
    expect(tree.take("a")).toEqual([]);
    expect(tree.get("ab")).toBe("ab");
    expect(tree.take("").toSorted()).toEqual(["", "ab", "b"]);
    expect(tree.get("")).toBeUndefined();
  });
});
