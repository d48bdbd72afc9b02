/** The rules of merging, each on two devices before one edge in memory. */
import { describe, expect, it } from "vitest";
import { Device } from "../support/device.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { SimulatedEdge } from "../support/simulated-edge.ts";

type Pair = { clock: ManualClock; edge: SimulatedEdge; one: Device; two: Device };

function pair(options: { caseSensitive?: boolean } = {}): Pair {
  const clock = new ManualClock(Date.UTC(2026, 10, 22));
  const edge = new SimulatedEdge();
  const one = new Device({ clock, edge, name: "one", seed: 1 });
  const two = new Device({ clock, edge, name: "two", seed: 2, caseSensitive: options.caseSensitive ?? true });
  return { clock, edge, one, two };
}

/** Both equal, with what `prepare` makes on the first. */
async function agreed(prepare: (device: Device) => void, options: { caseSensitive?: boolean } = {}): Promise<Pair> {
  const both = pair(options);
  prepare(both.one);
  await settle(both);
  return both;
}

/** One after the other until both have seen all. */
async function settle({ one, two }: Pair): Promise<void> {
  for (let round = 0; round < 2; round++) {
    await one.syncOnce();
    await two.syncOnce();
  }
  await one.syncOnce();
}

const paths = (device: Device) => [...device.disk.items()].map(([path]) => path).toSorted();
const opTypes = (edge: SimulatedEdge, from: number) => edge.namespace.journal.slice(from).map(({ type }) => type);

describe("two devices", () => {
  it("P4 equal content on both sides is no conflict", async () => {
    const both = pair();
    both.one.disk.userWrite("x.txt", "same");
    both.two.disk.userWrite("x.txt", "same");
    both.one.disk.userMakeFolder("dir");
    both.two.disk.userMakeFolder("dir");
    both.one.disk.userWrite("dir/one", "1");
    both.two.disk.userWrite("dir/two", "2");
    await settle(both);
    expect(paths(both.one)).toEqual(["dir", "dir/one", "dir/two", "x.txt"]);
    expect(both.two.disk.listing()).toEqual(both.one.disk.listing());
  });

  it("P5 of two files made under one name the later becomes a conflicted copy, on both devices, and is listed (I5)", async () => {
    const both = pair();
    both.one.disk.userWrite("x.txt", "one");
    both.two.disk.userWrite("x.txt", "two");
    await both.one.syncOnce();
    const outcome = await both.two.syncOnce();
    await both.one.syncOnce();
    const copy = "x (conflicted copy, two, 2026-11-22).txt";
    expect(outcome).toMatchObject({ state: "equal", conflicts: [{ path: "x.txt", copy }] });
    expect(both.two.disk.listing()).toEqual(both.one.disk.listing());
    expect([both.one.disk.text("x.txt"), both.one.disk.text(copy)]).toEqual(["one", "two"]);
  });

  it("P6 of two edits of one file both survive, the loser as a new file (I5)", async () => {
    const both = await agreed(({ disk }) => disk.userWrite("x.txt", "old"));
    both.one.disk.userWrite("x.txt", "by one");
    both.two.disk.userWrite("x.txt", "by two");
    await settle(both);
    expect(both.one.disk.text("x.txt")).toBe("by one");
    expect(both.one.disk.text("x (conflicted copy, two, 2026-11-22).txt")).toBe("by two");
    expect(both.two.disk.listing()).toEqual(both.one.disk.listing());
    // A second conflict on the same day gets a number.
    both.one.disk.userWrite("x.txt", "again by one");
    both.two.disk.userWrite("x.txt", "again by two");
    await settle(both);
    expect(both.one.disk.text("x (conflicted copy, two, 2026-11-22 2).txt")).toBe("again by two");
  });

  it("P7 an edit and a rename of one file both apply", async () => {
    const both = await agreed(({ disk }) => disk.userWrite("x.txt", "old"));
    both.one.disk.userMove("x.txt", "y.txt");
    both.two.disk.userWrite("x.txt", "new");
    await settle(both);
    expect(paths(both.one)).toEqual(["y.txt"]);
    expect(both.one.disk.text("y.txt")).toBe("new");
    expect(both.two.disk.listing()).toEqual(both.one.disk.listing());
  });

  it.each([
    ["the edit first", true],
    ["the deletion first", false],
  ])("P8 an edit beats a deletion, %s (I5)", async (_, editFirst) => {
    const both = await agreed(({ disk }) => {
      disk.userMakeFolder("dir");
      disk.userWrite("dir/x", "old");
      disk.userWrite("dir/y", "other");
    });
    const [editor, remover] = editFirst ? [both.one, both.two] : [both.two, both.one];
    editor.disk.userWrite("dir/x", "new");
    remover.disk.userRemove("dir");
    await settle(both);
    expect(both.one.disk.text("dir/x")).toBe("new");
    expect(paths(both.one)).toEqual(["dir", "dir/x"]);
    expect(both.two.disk.listing()).toEqual(both.one.disk.listing());
  });

  it.each([
    ["the file first", true],
    ["the deletion first", false],
  ])("P9 a new file in a folder that the other device deletes keeps the folder, %s", async (_, fileFirst) => {
    const both = await agreed(({ disk }) => {
      disk.userMakeFolder("dir");
      disk.userWrite("dir/x", "old");
    });
    const [writer, remover] = fileFirst ? [both.one, both.two] : [both.two, both.one];
    writer.disk.userWrite("dir/new", "new");
    remover.disk.userRemove("dir");
    await settle(both);
    expect(paths(both.one)).toEqual(["dir", "dir/new"]);
    expect(both.two.disk.listing()).toEqual(both.one.disk.listing());
  });

  it("P10 of two moves of one file the server's first wins", async () => {
    const both = await agreed(({ disk }) => disk.userWrite("x", "text"));
    both.one.disk.userMove("x", "by one");
    both.two.disk.userMove("x", "by two");
    await settle(both);
    expect(paths(both.one)).toEqual(["by one"]);
    expect(paths(both.two)).toEqual(["by one"]);
  });

  it("P11 two folders moved into each other: one move stays, nothing is doubled or lost", async () => {
    const both = await agreed(({ disk }) => {
      for (const name of ["a", "b"]) {
        disk.userMakeFolder(name);
        disk.userWrite(`${name}/in ${name}`, name);
      }
    });
    both.one.disk.userMove("a", "b/a");
    both.two.disk.userMove("b", "a/b");
    await settle(both);
    expect(paths(both.one)).toEqual(["b", "b/a", "b/a/in a", "b/in b"]);
    expect(both.two.disk.listing()).toEqual(both.one.disk.listing());
  });

  it("P12 swaps and longer cycles are moves: no content is sent, and nobody sees a temporary name", async () => {
    const both = await agreed(({ disk }) => {
      for (const name of ["a", "b", "c", "d", "e"]) disk.userWrite(name, `${name} is long enough to be sent on its own`);
    });
    const { blocksSent } = both.edge;
    const seq = both.edge.namespace.head;
    both.one.disk.userSwap("a", "b");
    both.one.disk.userSwap("c", "d");
    both.one.disk.userSwap("d", "e");
    await settle(both);
    expect(both.edge.blocksSent).toBe(blocksSent);
    expect(new Set(opTypes(both.edge, seq))).toEqual(new Set(["move"]));
    expect(both.two.disk.listing()).toEqual(both.one.disk.listing());
    expect(paths(both.two)).toEqual(["a", "b", "c", "d", "e"]);
  });

  it("P13 a file replaced by a folder and back is a deletion and a creation", async () => {
    const both = await agreed(({ disk }) => {
      disk.userWrite("x", "file");
      disk.userMakeFolder("y");
      disk.userWrite("y/z", "below");
    });
    both.one.disk.userRemove("x");
    both.one.disk.userMakeFolder("x");
    both.one.disk.userWrite("x/in", "in");
    both.one.disk.userRemove("y");
    both.one.disk.userWrite("y", "now a file");
    await settle(both);
    expect(paths(both.two)).toEqual(["x", "x/in", "y"]);
    expect(both.two.disk.listing()).toEqual(both.one.disk.listing());
  });

  it("P14 a file that one device edits and the other replaces by a folder is kept beside it (I5)", async () => {
    const both = await agreed(({ disk }) => disk.userWrite("x", "file"));
    both.one.disk.userRemove("x");
    both.one.disk.userMakeFolder("x");
    both.two.disk.userWrite("x", "edited");
    await settle(both);
    expect(paths(both.one)).toEqual(["x", "x (conflicted copy, two, 2026-11-22)"]);
    expect(both.two.disk.listing()).toEqual(both.one.disk.listing());
  });

  it("P15 a change of times alone sends nothing", async () => {
    const both = await agreed(({ disk }) => disk.userWrite("x", "text"));
    const { commits } = both.edge;
    both.one.disk.userTouch("x");
    await settle(both);
    expect(both.edge.commits).toBe(commits);
  });

  it("P16 mode and content merge each on its own", async () => {
    const both = await agreed(({ disk }) => disk.userWrite("x", "old"));
    both.one.disk.userChmod("x", 0o755);
    both.two.disk.userWrite("x", "new");
    await settle(both);
    expect(both.one.disk.listing()).toEqual(["x file 755 new"]);
    expect(both.two.disk.listing()).toEqual(both.one.disk.listing());
  });

  it("P17 a rename of case alone is a rename, also where the disk cannot tell case", async () => {
    const both = await agreed(({ disk }) => disk.userWrite("readme", "text"), { caseSensitive: false });
    both.one.disk.userMove("readme", "README");
    await settle(both);
    expect(paths(both.two)).toEqual(["README"]);
    expect(both.edge.namespace.journal.at(-1)).toMatchObject({ type: "move" });
  });

  it("P18 of two names that a disk cannot tell apart the second waits with a reason, and the rest goes on", async () => {
    const both = pair({ caseSensitive: false });
    both.one.disk.userWrite("Name", "1");
    both.one.disk.userWrite("name", "2");
    both.one.disk.userWrite("other", "3");
    await both.one.syncOnce();
    const outcome = await both.two.syncOnce();
    expect(outcome).toMatchObject({ state: "waiting", waiting: [{ reason: "clash" }] });
    expect(paths(both.two)).toHaveLength(2);
    expect(both.two.disk.text("other")).toBe("3");
    both.one.disk.userMove("name", "third");
    await both.one.syncOnce();
    expect(await both.two.syncOnce()).toMatchObject({ state: "equal", waiting: [] });
  });

  it("P19 a name that this disk cannot hold waits with a reason, and the rest goes on", async () => {
    const both = pair();
    both.one.disk.userWrite("plain", "1");
    await both.one.syncOnce();
    both.one.disk.userWrite("a:b", "2");
    await both.one.syncOnce();
    expect(await both.two.syncOnce()).toMatchObject({ state: "waiting", waiting: [{ path: "a:b", reason: "bad-name" }] });
    expect(paths(both.two)).toEqual(["plain"]);
  });

  it("P20 a folder's move is one operation, whatever is in it", async () => {
    const both = await agreed(({ disk }) => {
      disk.userMakeFolder("a");
      for (let count = 0; count < 30; count++) disk.userWrite(`a/${count}`, String(count));
    });
    const seq = both.edge.namespace.head;
    both.one.disk.userMove("a", "b");
    await settle(both);
    expect(opTypes(both.edge, seq)).toEqual(["move"]);
    expect(both.two.disk.listing()).toEqual(both.one.disk.listing());
  });

  it("P21 files saved by renaming a new one over the old stay the same node", async () => {
    const both = await agreed(({ disk }) => disk.userWrite("x", "old"));
    const seq = both.edge.namespace.head;
    both.one.disk.userReplace("x", "new");
    await settle(both);
    expect(opTypes(both.edge, seq)).toEqual(["update"]);
    expect(both.two.disk.text("x")).toBe("new");
  });

  it("P22 a folder moved by one device and deleted by the other is kept with all that is in it", async () => {
    const both = await agreed(({ disk }) => {
      disk.userMakeFolder("a");
      disk.userWrite("a/x", "text");
    });
    both.one.disk.userMove("a", "b");
    both.two.disk.userRemove("a");
    await settle(both);
    expect(paths(both.one)).toEqual(["b", "b/x"]);
    expect(both.two.disk.listing()).toEqual(both.one.disk.listing());
  });
});
