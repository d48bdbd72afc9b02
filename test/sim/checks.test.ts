/** The judge of the simulation: which deletion it calls one that nobody wanted. */
import { describe, expect, it } from "vitest";
import { type Deleter, deletionFaults, type NamespaceRows } from "./support/checks.ts";

const content = "manifest";
const deletedMs = 100_000;

type Told = { at: number; device?: string; type: string; node: string; version?: number };

/** "one" makes and deletes a file; of what then happens the journal is made. */
function faultsAfter(more: readonly Told[], deleters: Readonly<Record<string, Partial<Deleter>>> = {}): string[] {
  const told: Told[] = [{ at: 0, type: "create", node: "file" }, { at: deletedMs, type: "delete", node: "file" }, ...more];
  const changes = told.map(({ at, device = "one", type, node, version = 1 }, index) => ({
    seq: index + 1,
    at,
    device_id: device,
    op_id: `op ${index}`,
    type,
    kind: "file",
    node_id: node,
    version,
    path: node,
  }));
  const versions = ["file", "copy"].map((node_id) => ({ node_id, version: 1, manifest: content, mode: 0o644 }));
  const rows: NamespaceRows = {
    namespace: { user_id: "user", seq: told.length, bytes_used: 0 },
    live: [],
    versions,
    changes,
    blocks: [],
    packs: [],
  };
  const deleterOf = (device: string): Deleter => ({ ids: new Set([device]), offline: [], dead: [], ...deleters[device] });
  return deletionFaults(rows, new Set([content]), deleterOf);
}

const copy = (afterMs: number, device = "one"): Told[] => [{ at: deletedMs + afterMs, device, type: "create", node: "copy" }];
const span = (fromMs: number, toMs: number) => ({ fromMs: deletedMs + fromMs, toMs: deletedMs + toMs });
const fault = ["I6: change 2 deletes file, which nobody removed"];

describe("E40 a deletion of what nobody removed", () => {
  it("is a fault unless its content is elsewhere 40 s later", () => {
    expect(faultsAfter([])).toEqual(fault);
    expect(faultsAfter(copy(40_000))).toEqual([]);
    expect(faultsAfter(copy(40_001))).toEqual(fault);
  });

  it("is told where the last that had the content goes", () => {
    const deleted = { at: deletedMs + 1000, type: "delete", node: "copy" };
    expect(faultsAfter([...copy(-1), deleted])).toEqual(["I6: change 4 deletes copy, which nobody removed"]);
    expect(faultsAfter([...copy(1), deleted])).toEqual(["I6: change 4 deletes copy, which nobody removed"]);
    expect(faultsAfter([...copy(1), { at: deletedMs + 1000, type: "update", node: "copy", version: 2 }])).toEqual([]);
  });

  it("is one, however soon another device happens to bring it", () => {
    expect(faultsAfter(copy(1, "two"))).toEqual(fault);
  });

  it("may wait 40 s for its copy after its device had no line", () => {
    const deleters = { one: { offline: [span(-5000, 30_000), span(60_000, 90_000)] } };
    expect(faultsAfter(copy(130_000), deleters)).toEqual([]);
    expect(faultsAfter(copy(130_001), deleters)).toEqual(fault);
  });

  it("may wait as much longer for its copy as its device was dead, and no more", () => {
    const deleters = { one: { dead: [span(10_000, 40_000), span(41_000, 71_000)] } };
    expect(faultsAfter(copy(100_000), deleters)).toEqual([]);
    expect(faultsAfter(copy(100_001), deleters)).toEqual(fault);
    expect(faultsAfter([], deleters)).toEqual(fault);
  });

  it("counts what its device was dead after the deletion, within the time for its copy, and not while it had no line", () => {
    expect(faultsAfter(copy(50_001), { one: { dead: [span(-20_000, 10_000)] } })).toEqual(fault);
    expect(faultsAfter(copy(40_001), { one: { dead: [span(-20_000, 0)] } })).toEqual(fault);
    expect(faultsAfter(copy(50_000), { one: { dead: [span(40_001, 50_000)] } })).toEqual(fault);
    const both = { one: { offline: [span(0, 10_000)], dead: [span(5000, 20_000)] } };
    expect(faultsAfter(copy(60_000), both)).toEqual([]);
    expect(faultsAfter(copy(60_001), both)).toEqual(fault);
  });

  it("is not excused by another device's death", () => {
    expect(faultsAfter(copy(50_000), { two: { dead: [span(0, 100_000)] } })).toEqual(fault);
  });
});
