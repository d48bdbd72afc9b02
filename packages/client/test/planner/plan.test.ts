import { type NodeId, newId, rootId } from "@ashlar/shared/ids";
import { nameBytesMax } from "@ashlar/shared/limits";
import { nameFault } from "@ashlar/shared/names";
import { describe, expect, it } from "vitest";
import { openDatabase } from "../../src/node/database.ts";
import { conflictName, isTemporaryName, temporaryName } from "../../src/planner/names.ts";
import { plan } from "../../src/planner/plan.ts";
import type { PlanOptions, TreesReader } from "../../src/planner/types.ts";
import { Trees } from "../../src/trees/trees.ts";
import { Random } from "../support/random.ts";

const { bytes } = new Random(3);
const text = { deviceName: "a laptop", date: "2026-11-22", number: 1 };

describe("conflictName", () => {
  it("P23 names the device and the day, keeps the extension, and counts from the second on", () => {
    expect(conflictName("report.txt", text)).toBe("report (conflicted copy, a laptop, 2026-11-22).txt");
    expect(conflictName("report.txt", { ...text, number: 2 })).toBe("report (conflicted copy, a laptop, 2026-11-22 2).txt");
    expect(conflictName(".profile", text)).toBe(".profile (conflicted copy, a laptop, 2026-11-22)");
  });

  it("P24 is a name that the edge takes, however long or odd the file's and the device's are", () => {
    for (const name of ["é".repeat(127), `${"x".repeat(250)}.txt`, `a.${"y".repeat(250)}`, "👩‍👩‍👧".repeat(14)]) {
      const candidate = conflictName(name, { ...text, deviceName: "..//\u0000 ".repeat(20) });
      expect(nameFault(candidate)).toBeUndefined();
      expect(new TextEncoder().encode(candidate).length).toBeLessThanOrEqual(nameBytesMax);
    }
  });
});

describe("plan", () => {
  it("P29 a folder that is kept loses the name under which another device had put it aside, also when that is all that was agreed", () => {
    const trees = new Trees(openDatabase(":memory:", 0), { caseSensitive: true });
    const folder = newId<NodeId>(bytes);
    const shared = { id: folder, parent: rootId, name: temporaryName(folder), spelling: undefined, kind: "folder", mode: 0o755 } as const;
    const stat = { kind: "folder", size: 0, mtimeNs: "0", ctimeNs: "0", inode: "1", mode: 0o755 } as const;
    trees.synced.put({ ...shared, rev: 1, version: 0, size: 0, mtimeMs: 0, manifest: null });
    trees.local.put({ ...shared, stat, seenAtMs: 0, manifest: null });
    const file = { parent: folder, name: "new", spelling: undefined, kind: "file", stat: { ...stat, kind: "file", inode: "2" } } as const;
    trees.local.put({ ...file, id: newId<NodeId>(bytes), seenAtMs: 0, manifest: "" });
    const aside = plan(trees, options(trees)).actions.flatMap((action) => (action.do === "set-aside" ? [action.name] : []));
    expect(aside).toHaveLength(1);
    expect(aside.filter(isTemporaryName)).toEqual([]);
  });

  it("P25 looks at what changed and what stands in its way, not at the rest of the tree", () => {
    const trees = new Trees(openDatabase(":memory:", 0), { caseSensitive: true });
    const ids = Array.from({ length: 2000 }, () => newId<NodeId>(bytes));
    trees.transaction(() => {
      for (const [index, id] of ids.entries()) {
        const shared = { id, parent: rootId, name: `${index}`, spelling: undefined, kind: "file", mode: 0o644 } as const;
        const content = { rev: 1, version: 1, size: 0, mtimeMs: 0, manifest: "" };
        const stat = { kind: "file", size: 0, mtimeNs: "0", ctimeNs: "0", inode: String(index), mode: 0o644 } as const;
        trees.remote.put({ ...shared, ...content });
        trees.synced.put({ ...shared, ...content });
        trees.local.put({ ...shared, stat, seenAtMs: 0, manifest: "" });
        trees.dirty.clear(id);
      }
    });
    const [id = rootId] = ids;
    trees.local.remove(id);
    let reads = 0;
    const counted = <Reader extends TreesReader[keyof TreesReader]>(reader: Reader): Reader =>
      new Proxy(reader, {
        get(target, key) {
          reads++;
          const value: unknown = Reflect.get(target, key, target);
          return typeof value === "function" ? value.bind(target) : value;
        },
      });
    const reader = { remote: counted(trees.remote), local: counted(trees.local), synced: counted(trees.synced) };
    const steps = plan(reader, options(trees));
    expect(steps.actions).toMatchObject([{ do: "commit", op: { op: "delete", node: id } }]);
    expect(reads).toBeLessThan(20);
  });

  it("P26 plans nothing for a node with a step under way, nor for what depends on it", () => {
    const trees = new Trees(openDatabase(":memory:", 0), { caseSensitive: true });
    const [folder, file] = [newId<NodeId>(bytes), newId<NodeId>(bytes)];
    const base = { spelling: undefined, seenAtMs: 0 };
    const stat = { size: 0, mtimeNs: "0", ctimeNs: "0", inode: "1", mode: 0o644 };
    trees.local.put({ ...base, id: folder, parent: rootId, name: "a", kind: "folder", stat: { ...stat, kind: "folder" }, manifest: null });
    trees.local.put({ ...base, id: file, parent: folder, name: "x", kind: "file", stat: { ...stat, kind: "file" }, manifest: "" });
    expect(plan(trees, { ...options(trees), busy: (id) => id === folder }).actions).toEqual([]);
    expect(plan(trees, options(trees)).actions.map(({ node }) => node)).toEqual([folder, file]);
  });

  it("P28 reads no more than there is room for, and what was read is sent while the next is read", () => {
    const trees = new Trees(openDatabase(":memory:", 0), { caseSensitive: true });
    const files = Array.from({ length: 8 }, () => newId<NodeId>(bytes));
    const stat = { kind: "file", size: 400, mtimeNs: "0", ctimeNs: "0", inode: "1", mode: 0o644 } as const;
    for (const [index, id] of files.entries()) {
      const place = { id, parent: rootId, name: `${index}`, spelling: undefined, kind: "file" } as const;
      trees.local.put({ ...place, stat, seenAtMs: 0, manifest: index < 2 ? "" : null });
    }
    const steps = (more: Partial<PlanOptions>) => plan(trees, { ...options(trees), ...more }).actions.map((action) => action.do);
    // The last one may go beyond.
    expect(steps({ readBytesMax: 1000 })).toEqual(["commit", "commit", "read", "read", "read"]);
    expect(steps({ readBytesMax: 800 })).toEqual(["commit", "commit", "read", "read"]);
    expect(steps({ readsMax: 1, readBytesMax: 1e6 })).toEqual(["commit", "commit", "read"]);
    expect(steps({ readBytesMax: 0 })).toEqual(["commit", "commit"]);
    expect(steps({ actionsMax: 1 })).toEqual(["commit"]);
  });
});

function options(trees: Trees): PlanOptions {
  return {
    dirty: trees.dirty.ids(0),
    busy: () => false,
    actionsMax: 100,
    readsMax: 100,
    readBytesMax: 1000,
    fold: trees.fold,
    keepsModes: true,
    nameFault: () => undefined,
    deviceName: "here",
    date: "2026-11-22",
  };
}
