import { mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DeviceId, type Epoch, type NodeId, type OpId, type UserId, newId, rootId } from "@ashlar/shared/ids";
import { diffManifests } from "@ashlar/shared/manifest-patch";
import type { Change } from "@ashlar/shared/protocol/change";
import type { Op } from "@ashlar/shared/protocol/commit";
import { describe, expect, it } from "vitest";
import { openDatabase } from "../../src/node/database.ts";
import type { Stat } from "../../src/ports.ts";
import { placed } from "../../src/trees/effects.ts";
import { applyChanges } from "../../src/trees/journal.ts";
import { applyObservations } from "../../src/trees/observations.ts";
import { Trees } from "../../src/trees/trees.ts";
import { Random } from "../support/random.ts";
import { hashOf, manifestOfText } from "../support/simulated-edge.ts";

const { bytes } = new Random(7);
const user = newId<UserId>(bytes);
const device = newId<DeviceId>(bytes);
const node = () => newId<NodeId>(bytes);

function trees(): Trees {
  const made = new Trees(openDatabase(":memory:", 0), { caseSensitive: true });
  made.meta.setCursor(newId<Epoch>(bytes), 0);
  return made;
}

function change(seq: number, more: Partial<Change> = {}): Change {
  return {
    seq,
    opId: newId<OpId>(bytes),
    type: "create",
    user,
    device,
    at: 0,
    node: node(),
    parent: rootId,
    name: `name ${seq}`,
    path: `name ${seq}`,
    kind: "file",
    rev: 1,
    version: 1,
    size: 0,
    mtimeMs: 0,
    mode: 0o644,
    manifest: "",
    deltas: [],
    ...more,
  };
}

function stat(inode: string, more: Partial<Stat> = {}): Stat {
  return { kind: "file", size: 1, mtimeNs: "1", ctimeNs: "1", inode, mode: 0o644, ...more };
}

function present<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error("it is not there");
  return value;
}

function clean(made: Trees): void {
  const ids = [...made.dirty.ids(0)];
  for (const id of ids) made.dirty.clear(id);
}

describe("applyChanges", () => {
  it("T1 takes changes up to a gap, with the cursor, and says that something is missing (I3)", () => {
    const made = trees();
    const changes = [change(1), change(2), change(4)];
    expect(applyChanges(made, changes).gap).toBe(true);
    expect(made.meta.cursor).toBe(2);
    expect([...made.remote.children(rootId)].map(({ name }) => name)).toEqual(["name 1", "name 2"]);
  });

  it("T2 passes over what it was told before", () => {
    const made = trees();
    const first = change(1);
    applyChanges(made, [first]);
    applyChanges(made, [change(2, { node: first.node, type: "move", name: "moved", rev: 2 })]);
    expect(applyChanges(made, [first]).gap).toBe(false);
    expect(made.remote.get(first.node)?.name).toBe("moved");
  });

  it("T3 takes an own operation for agreed, and of the node no more than the operation said", () => {
    const made = trees();
    const first = change(1);
    applyChanges(made, [first]);
    const before = present(made.remote.get(first.node));
    made.synced.put({ ...before, name: "old place" });
    const manifest = manifestOfText("new");
    const op: Op = { op: "update", opId: newId<OpId>(bytes), node: first.node, baseRev: 1, manifest, size: 3, mtimeMs: 5, mode: 0o755 };
    made.intents.put(op);
    const own = change(2, { ...first, seq: 2, opId: op.opId, type: "update", rev: 2, version: 2, manifest, size: 3, mode: 0o755 });
    expect(applyChanges(made, [own]).acknowledged).toEqual([{ op, path: first.path, kind: "file" }]);
    expect(made.synced.get(first.node)).toMatchObject({ name: "old place", manifest, version: 2, mode: 0o755 });
    expect(made.intents.ids()).toEqual([]);
    expect(made.blockKnowledge().serverHas(hashOf(new TextEncoder().encode("new")))).toBe(true);
  });

  it("T4 keeps a long manifest that the journal leaves out as long as the version is the same", () => {
    const made = trees();
    const manifest = manifestOfText("long");
    const first = change(1, { manifest });
    applyChanges(made, [first, change(2, { ...first, seq: 2, opId: newId<OpId>(bytes), type: "move", rev: 2, manifest: null })]);
    expect(made.remote.get(first.node)?.manifest).toBe(manifest);
    applyChanges(made, [change(3, { ...first, seq: 3, opId: newId<OpId>(bytes), type: "update", rev: 3, version: 2, manifest: null })]);
    expect(made.remote.get(first.node)?.manifest).toBeNull();
  });
});

describe("a patch in the journal", () => {
  const text = "a text of several blocks, one after the other, so that there is something to patch";
  const [before, after] = [manifestOfText(text), manifestOfText(`A${text.slice(1)}`)];
  const patch = diffManifests(1, before, after);
  const update = (first: Change, more: Partial<Change>) =>
    change(2, {
      ...first,
      seq: 2,
      opId: newId<OpId>(bytes),
      type: "update",
      rev: 2,
      version: 2,
      manifest: null,
      ...(patch && { patch }),
      ...more,
    });

  it("T20 makes the new manifest of the version that it is for", () => {
    const made = trees();
    const first = change(1, { manifest: before });
    applyChanges(made, [first, update(first, {})]);
    expect(made.remote.get(first.node)).toMatchObject({ version: 2, manifest: after });
  });

  it("T20 makes it of what was agreed, when the server's is a later one that is not known", () => {
    const made = trees();
    const first = change(1, { manifest: before });
    applyChanges(made, [first]);
    made.synced.put(present(made.remote.get(first.node)));
    made.remote.put({ ...present(made.remote.get(first.node)), version: 7, manifest: null });
    applyChanges(made, [update(first, { version: 8 })]);
    expect(made.remote.get(first.node)).toMatchObject({ version: 8, manifest: after });
  });

  it("T20 for a version that is not here, or that does not fit it, leaves the manifest to be asked for", () => {
    for (const wrong of [
      { base: 5, splices: [] },
      { base: 1, splices: [{ at: 1000, remove: 1, insert: "" }] },
      { base: 1, splices: [{ at: 0, remove: 1, insert: "!" }] },
    ]) {
      const made = trees();
      const first = change(1, { manifest: before });
      applyChanges(made, [first, update(first, { patch: wrong })]);
      expect(made.remote.get(first.node)).toMatchObject({ version: 2, manifest: null });
    }
  });
});

describe("Trees", () => {
  it("T21 what was downloaded the server has, so that an edit of it asks about what is new alone", () => {
    const made = trees();
    const first = change(1, { manifest: manifestOfText("text") });
    applyChanges(made, [first]);
    placed(made, present(made.remote.get(first.node)), stat("1"), { mode: 0o644, nowMs: 0 });
    expect(made.blockKnowledge().serverHas(hashOf(new TextEncoder().encode("text")))).toBe(true);
  });

  it("T8 a block that stands in several files is known in a few of them", () => {
    const made = trees();
    const base = { parent: rootId, spelling: undefined, seenAtMs: 0, kind: "file" as const, manifest: manifestOfText("text") };
    for (let index = 0; index < 6; index++) made.local.put({ ...base, id: node(), name: `${index}`, stat: stat(`${index}`) });
    const places = made.blockKnowledge().findLocal(hashOf(new TextEncoder().encode("text")));
    expect(new Set(places.map(({ path }) => path)).size).toBe(4);
  });

  it("T5 every change of a tree makes its node dirty, and writing the same again does not", () => {
    const made = trees();
    const first = change(1);
    applyChanges(made, [first]);
    expect([...made.dirty.ids(0)]).toEqual([first.node]);
    clean(made);
    made.remote.put(present(made.remote.get(first.node)));
    expect(made.dirty.count()).toBe(0);
    made.synced.put(present(made.remote.get(first.node)));
    expect([...made.dirty.ids(0)]).toEqual([first.node]);
  });

  it("T6 a node that waits for a time is passed over until then", () => {
    const made = trees();
    const first = change(1);
    applyChanges(made, [first]);
    made.waiting.putNode(first.node, { path: "x", reason: "busy", detail: "", sinceMs: 0, nextTryMs: 100, attempts: 1 });
    expect([...made.dirty.ids(99)]).toEqual([]);
    expect([...made.dirty.ids(100)]).toEqual([first.node]);
  });

  it("T7 a failed transaction leaves nothing behind", () => {
    const made = trees();
    const faulty = () =>
      made.transaction(() => {
        applyChanges(made, [change(1)]);
        throw new Error("the power is gone");
      });
    expect(faulty).toThrow("the power is gone");
    expect([made.meta.cursor, made.dirty.count()]).toEqual([0, 0]);
  });

  it("T8 knows where on this disk a block stands, also after a move of its folder", () => {
    const made = trees();
    const [folder, file] = [node(), node()];
    const manifest = manifestOfText("content");
    const hash = hashOf(new TextEncoder().encode("content"));
    const base = { parent: rootId, spelling: undefined, seenAtMs: 0 };
    made.local.put({ ...base, id: folder, name: "a", kind: "folder", stat: stat("1", { kind: "folder" }), manifest: null });
    made.local.put({ ...base, id: file, parent: folder, name: "x", kind: "file", stat: stat("2"), manifest });
    expect(made.blockKnowledge().findLocal(hash)).toEqual([{ path: "a/x", offset: 0 }]);
    made.local.put({
      ...base,
      id: folder,
      name: "b",
      spelling: "B\u0308",
      kind: "folder",
      stat: stat("1", { kind: "folder" }),
      manifest: null,
    });
    expect(made.blockKnowledge().findLocal(hash)).toEqual([{ path: "B\u0308/x", offset: 0 }]);
    made.local.remove(folder);
    expect(made.blockKnowledge().findLocal(hash)).toEqual([]);
    expect(made.local.get(file)).toBeUndefined();
  });
});

describe("applyObservations", () => {
  it("T9 what moved out of a folder that vanished stays, what was in it goes, and what moved is read again", () => {
    const made = trees();
    const [folder, inside, moved] = [node(), node(), node()];
    const place = { spelling: undefined, name: "x" };
    applyObservations(
      made,
      [
        { type: "appeared", id: folder, parent: rootId, ...place, kind: "folder", stat: stat("1", { kind: "folder" }) },
        { type: "appeared", id: inside, parent: folder, ...place, kind: "file", stat: stat("2") },
        { type: "appeared", id: moved, parent: folder, ...place, name: "y", kind: "file", stat: stat("3") },
      ],
      5,
    );
    made.local.put({ ...present(made.local.get(moved)), manifest: "" });
    applyObservations(
      made,
      [
        { type: "vanished", id: folder },
        { type: "moved", id: moved, parent: rootId, ...place, stat: stat("3", { ctimeNs: "2" }) },
      ],
      9,
    );
    expect([folder, inside].map((id) => made.local.get(id))).toEqual([undefined, undefined]);
    expect(made.local.get(moved)).toMatchObject({ parent: rootId, name: "x", manifest: null, seenAtMs: 9 });
  });

  it("T10 other times alone do not make the content unread", () => {
    const made = trees();
    const id = node();
    applyObservations(made, [{ type: "appeared", id, parent: rootId, name: "x", spelling: undefined, kind: "file", stat: stat("1") }], 1);
    made.local.put({ ...present(made.local.get(id)), manifest: "" });
    applyObservations(made, [{ type: "changed", id, stat: stat("1", { mode: 0o600 }), content: false }], 2);
    expect(made.local.get(id)).toMatchObject({ manifest: "", stat: { mode: 0o600 } });
  });
});

describe("openDatabase", () => {
  it("T11 a damaged database is put aside and a new one begun", () => {
    const folder = mkdtempSync(join(tmpdir(), "ashlar-database-"));
    const path = join(folder, "client.db");
    writeFileSync(path, "this is no database, and long enough to be seen as none".repeat(40));
    const database = openDatabase(path, 123);
    expect(new Trees(database, { caseSensitive: true }).meta.cursor).toBe(0);
    database.close();
    expect(readdirSync(folder)).toContain("client.db.damaged-123");
  });

  it("T12 what a transaction wrote is there after reopening", () => {
    const path = join(mkdtempSync(join(tmpdir(), "ashlar-database-")), "client.db");
    const first = openDatabase(path, 0);
    const made = new Trees(first, { caseSensitive: true });
    made.meta.setCursor(newId<Epoch>(bytes), 0);
    applyChanges(made, [change(1)]);
    first.close();
    const again = openDatabase(path, 0);
    expect(new Trees(again, { caseSensitive: true }).meta.cursor).toBe(1);
    again.close();
  });
});
