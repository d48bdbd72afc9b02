import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RelativePath } from "../../src/ports.ts";
import { parentPath } from "../../src/scan/path.ts";
import { Scanned } from "../support/scanned.ts";

type Step = { readonly kind: StepKind; readonly a: number; readonly b: number };

const renames = ["rename", "swap", "cycle"] as const;
const steps = [
  ...renames,
  "rename-over",
  "make-file",
  "make-folder",
  "edit",
  "save",
  "remove",
  "become-folder",
  "become-file",
  "become-link",
  "hard-link",
  "chmod",
] as const;
type StepKind = (typeof steps)[number];

/** A second name of a file is in no event about the first. */
const told = steps.filter((kind) => kind !== "hard-link");

const stepsOf = (kinds: readonly StepKind[], maxLength: number) =>
  fc.array(fc.record({ kind: fc.constantFrom(...kinds), a: fc.nat(999), b: fc.nat(999) }), { maxLength });

const names = ["a", "b", "c", "d", "e\u0301", "f.txt"];

/** Does to a tree what the step says, if it can; `touched` hears of each folder something happened in. */
class Hand {
  readonly #scanned: Scanned;
  readonly #touched: (path: RelativePath) => void;
  #count = 0;

  constructor(scanned: Scanned, touched: (path: RelativePath) => void = () => undefined) {
    this.#scanned = scanned;
    this.#touched = touched;
  }

  do({ kind, a, b }: Step): void {
    const { tree } = this.#scanned;
    const from = pick(tree.paths(), a);
    const to = this.#freePath(b);
    switch (kind) {
      case "make-file":
        return this.#at(to, () => tree.write(to, this.#text()));
      case "make-folder":
        return this.#at(to, () => tree.makeFolder(to));
      case "rename":
        return from === undefined ? undefined : this.#rename(from, to);
      case "rename-over": {
        const over = pick(tree.paths("file"), b);
        if (from !== undefined && over !== undefined && tree.statOf(from).kind === "file" && from !== over) this.#rename(from, over);
        return;
      }
      case "swap":
      case "cycle": {
        const ring = [...new Set([from, pick(tree.paths(), b), kind === "cycle" ? pick(tree.paths(), a + b) : from])];
        return this.#rotate(ring.filter((path) => path !== undefined));
      }
      case "edit":
      case "save": {
        const file = pick(tree.paths("file"), a);
        if (file !== undefined) this.#at(file, () => (kind === "edit" ? tree.write(file, this.#text()) : tree.save(file, this.#text())));
        return;
      }
      case "hard-link": {
        const file = pick(tree.paths("file"), a);
        if (file !== undefined) this.#at(to, () => tree.hardLink(file, to));
        return;
      }
      case "chmod":
        return from === undefined ? undefined : this.#at(from, () => tree.setMode(from, a % 2 === 0 ? 0o700 : 0o755));
      case "remove":
      case "become-file":
      case "become-link":
      case "become-folder":
        if (from === undefined) return;
        this.#touchBelow(from);
        this.#at(from, () => tree.remove(from));
        if (kind === "become-file") this.#at(from, () => tree.write(from, this.#text()));
        if (kind === "become-link") this.#at(from, () => tree.makeLink(from, "."));
        if (kind === "become-folder") this.#at(from, () => tree.makeFolder(from));
    }
  }

  #rotate(ring: readonly RelativePath[]): void {
    if (ring.length < 2 || ring.some((path) => ring.some((other) => other.startsWith(`${path}/`)))) return;
    this.#rename(ring.at(-1) ?? "", "turning");
    for (let at = ring.length - 1; at > 0; at--) this.#rename(ring[at - 1] ?? "", ring[at] ?? "");
    this.#rename("turning", ring[0] ?? "");
  }

  #rename(from: RelativePath, to: RelativePath): void {
    if (to === from || to.startsWith(`${from}/`)) return;
    this.#touchBelow(from);
    this.#at(from, () => this.#at(to, () => this.#scanned.tree.rename(from, to)));
  }

  /** The end of a watched folder at its place is told for all that is watched below it. */
  #touchBelow(path: RelativePath): void {
    for (const folder of this.#scanned.tree.paths("folder")) if (folder === path || folder.startsWith(`${path}/`)) this.#touch(folder);
  }

  #at(path: RelativePath, act: () => void): void {
    this.#touch(parentPath(path));
    act();
  }

  /** A watch names a folder as it was called when it was armed. */
  #touch(folder: RelativePath): void {
    const { tree, view } = this.#scanned;
    const inode = tree.statOf(folder).inode;
    const armed = folder === "" ? "" : [...view.tree()].find(([, node]) => node.stat.inode === inode)?.[0];
    if (armed !== undefined) this.#touched(armed);
  }

  #freePath(seed: number): RelativePath {
    const { tree } = this.#scanned;
    const folder = pick(["", ...tree.paths("folder")], seed) ?? "";
    const taken = new Set(tree.paths());
    for (let n = seed; ; n++) {
      const name = n < seed + names.length ? (names[n % names.length] ?? "x") : `x${n}`;
      const path = folder === "" ? name : `${folder}/${name}`;
      if (!taken.has(path)) return path;
    }
  }

  #text(): string {
    return "x".repeat(this.#count++ % 7);
  }
}

function pick<T>(items: readonly T[], seed: number): T | undefined {
  return items.length === 0 ? undefined : items[seed % items.length];
}

async function grown(start: readonly Step[]): Promise<Scanned> {
  const scanned = new Scanned();
  const hand = new Hand(scanned);
  for (const step of start) hand.do(step);
  await scanned.scan();
  return scanned;
}

function expectSeen({ view, tree }: Scanned): void {
  const seen = [...view.tree()].map(([path, { kind, stat }]) => [path, kind, stat.inode, kind === "folder" ? stat.mode : stat]);
  const real = tree.paths().map((path) => {
    const stat = tree.statOf(path);
    return [path, stat.kind, stat.inode, stat.kind === "folder" ? stat.mode : stat];
  });
  expect(new Map(seen.map((row) => [row[0], row]))).toEqual(new Map(real.map((row) => [row[0], row])));
}

const waitingPath = ({ tree }: Scanned) => tree.paths().find((path) => path.includes("\uFFFD"));

const growing = stepsOf(["make-file", "make-folder", "make-file", "make-folder", "hard-link"], 25);

describe("scan, over random trees and changes", () => {
  it("S1 S2 the observations of a full scan turn the view into the tree on the disk, and the next scan finds nothing", async () => {
    await fc.assert(
      fc.asyncProperty(growing, stepsOf(steps, 12), async (start, changes) => {
        const scanned = await grown(start);
        const hand = new Hand(scanned);
        for (const change of changes) hand.do(change);
        await scanned.scan();
        expectSeen(scanned);
        expect((await scanned.scan()).observations).toEqual([]);
      }),
      { numRuns: 400 },
    );
  });

  it("S3 a scan of the folders that watches named finds what a full scan finds", async () => {
    await fc.assert(
      fc.asyncProperty(stepsOf(["make-file", "make-folder"], 25), stepsOf(told, 12), async (start, changes) => {
        const scanned = await grown(start);
        const dirty = new Set<RelativePath>();
        const hand = new Hand(scanned, (path) => dirty.add(path));
        for (const change of changes) hand.do(change);
        await scanned.scan([...dirty]);
        expectSeen(scanned);
        expect((await scanned.scan()).observations).toEqual([]);
      }),
      { numRuns: 400 },
    );
  });

  it("S28 what was taken over and looked into later is as a full scan finds it", async () => {
    await fc.assert(
      fc.asyncProperty(stepsOf(["make-file", "make-folder"], 25), stepsOf(renames, 3), stepsOf(told, 6), async (start, moves, changes) => {
        const scanned = await grown(start);
        scanned.takesOver = true;
        const dirty = new Set<RelativePath>();
        const hand = new Hand(scanned, (path) => dirty.add(path));
        for (const move of moves) hand.do(move);
        const { unseen } = await scanned.scan([...dirty]);
        dirty.clear();
        for (const change of changes) hand.do(change);
        const later = await scanned.scan([...dirty]);
        for (let left = [...unseen, ...later.unseen]; left.length > 0;) left = [...(await scanned.scanUnseen(left)).unseen];
        expectSeen(scanned);
        expect((await scanned.scan()).observations).toEqual([]);
      }),
      { numRuns: 400 },
    );
  });

  it("S4 whatever is renamed, swapped or rotated keeps its node, and nothing appears or vanishes", async () => {
    await fc.assert(
      fc.asyncProperty(stepsOf(["make-file", "make-folder"], 25), stepsOf(renames, 12), async (start, changes) => {
        const scanned = await grown(start);
        const ids = () => new Map([...scanned.view.tree().values()].map(({ id, stat }) => [stat.inode, id]));
        const before = ids();
        const hand = new Hand(scanned);
        for (const change of changes) hand.do(change);
        const { observations } = await scanned.scan();
        expect(ids()).toEqual(before);
        expect(observations.filter(({ type }) => type === "appeared" || type === "vanished")).toEqual([]);
      }),
      { numRuns: 400 },
    );
  });

  it("S30 S32 of what is only moved, be it to where nothing is synced, a node vanishes only when another took over its inode", async () => {
    await fc.assert(
      fc.asyncProperty(stepsOf(["make-file", "make-folder"], 25), stepsOf(renames, 12), fc.boolean(), async (start, changes, isAll) => {
        const scanned = await grown(start);
        const { tree, view } = scanned;
        tree.makeFolder("waits\uFFFD");
        await scanned.scan();
        const before = new Map([...view.tree().values()].map(({ id, stat }) => [id, stat.inode]));
        const dirty = new Set<RelativePath>();
        const hand = new Hand(scanned, (path) => dirty.add(path));
        for (const change of changes) hand.do(change);
        const gone = (await scanned.scan(isAll ? "all" : [...dirty])).observations.filter(({ type }) => type === "vanished");
        expect(gone.filter(({ id }) => view.byInode(before.get(id) ?? "") === undefined)).toEqual([]);
        for (let at = waitingPath(scanned), n = 0; at !== undefined; at = waitingPath(scanned), n++)
          tree.rename(at, `${at.replace("\uFFFD", "")} ${n}`);
        await scanned.scan();
        expectSeen(scanned);
        expect((await scanned.scan()).observations).toEqual([]);
      }),
      { numRuns: 400 },
    );
  });
});
