/** One tree perturbed into three, and a disk and a server that do what they are told: for the planner alone. */
import { type BlockHash, type DeviceId, type NodeId, type OpId, type UserId, newId, rootId } from "@ashlar/shared/ids";
import { encodeManifest } from "@ashlar/shared/manifest";
import type { Op } from "@ashlar/shared/protocol/commit";
import { openDatabase } from "../../src/node/database.ts";
import { plan } from "../../src/planner/plan.ts";
import type { Action, Plan } from "../../src/planner/types.ts";
import type { Stat } from "../../src/ports.ts";
import * as effects from "../../src/trees/effects.ts";
import { applyChanges } from "../../src/trees/journal.ts";
import { Trees } from "../../src/trees/trees.ts";
import { Namespace } from "./namespace.ts";
import { Random } from "./random.ts";

const roundsMax = 200;
const device = newId<DeviceId>(new Random(1).bytes);
const user = newId<UserId>(new Random(2).bytes);

/** A tree to be perturbed: the content of a file is a number. */
type Item = { id: NodeId; parent: NodeId; name: string; kind: "file" | "folder"; content: number; mode: number };
type Forest = Map<NodeId, Item>;

const manifestOf = (content: number) =>
  encodeManifest([{ hash: content.toString(16).padStart(64, "0") as BlockHash, size: 1 + (content % 1000) }]);

const names = ["a", "b", "c", "d"];

export class ThreeTrees {
  readonly random: Random;
  readonly trees = new Trees(openDatabase(":memory:", 0), { caseSensitive: true });
  readonly server = new Namespace(user);
  readonly saved = new Set<string>();
  #content = 100;
  #inode = 0;

  constructor(seed: number, sides: { local: boolean; remote: boolean }) {
    this.random = new Random(seed);
    const base: Forest = new Map();
    for (let count = this.random.below(12); count > 0; count--) this.#create(base);
    this.#record(base, "synced");
    const here = sides.local ? this.#perturbed(base) : base;
    const there = sides.remote ? this.#perturbed(base) : base;
    this.#record(here, "local");
    this.#record(there, "remote", base);
    for (const forest of [base, here, there])
      for (const item of forest.values()) if (item.kind === "file") this.saved.add(manifestOf(item.content));
    this.trees.meta.setCursor(null, this.server.head);
  }

  #folders(forest: Forest): NodeId[] {
    return [rootId, ...[...forest.values()].filter(({ kind }) => kind === "folder").map(({ id }) => id)];
  }

  #free(forest: Forest, parent: NodeId): string | undefined {
    const taken = new Set([...forest.values()].filter((item) => item.parent === parent).map(({ name }) => name));
    const free = names.filter((name) => !taken.has(name));
    return free.length === 0 ? undefined : this.random.pick(free);
  }

  #create(forest: Forest): void {
    const parent = this.random.pick(this.#folders(forest));
    const name = this.#free(forest, parent);
    if (name === undefined) return;
    const kind = this.random.chance(0.5) ? "folder" : "file";
    const id = newId<NodeId>(this.random.bytes);
    // Few contents, so that equal ones meet.
    const content = this.random.chance(0.3) ? this.random.below(3) : this.#content++;
    forest.set(id, { id, parent, name, kind, content, mode: kind === "folder" ? 0o755 : 0o644 });
  }

  #isBelow(forest: Forest, id: NodeId, top: NodeId): boolean {
    for (let at = id; at !== rootId; at = forest.get(at)?.parent ?? rootId) if (at === top) return true;
    return false;
  }

  #perturbed(base: Forest): Forest {
    const forest: Forest = new Map([...base].map(([id, item]) => [id, { ...item }]));
    for (let count = this.random.below(8); count > 0; count--) {
      const item = forest.size === 0 ? undefined : this.random.pick([...forest.values()]);
      const dice = this.random.below(6);
      if (item === undefined || dice === 0) this.#create(forest);
      else if (dice === 1) item.content = this.#content++;
      else if (dice === 2) item.mode = this.random.pick([0o755, 0o700, 0o644]);
      else if (dice === 3) this.#remove(forest, item.id);
      else if (dice === 4) this.#swap(forest, item);
      else {
        const parent = this.random.pick(this.#folders(forest));
        const name = this.#free(forest, parent);
        if (name !== undefined && !this.#isBelow(forest, parent, item.id)) Object.assign(item, { parent, name });
      }
    }
    return forest;
  }

  #swap(forest: Forest, item: Item): void {
    const other = this.random.pick([...forest.values()]);
    if (this.#isBelow(forest, other.id, item.id) || this.#isBelow(forest, item.id, other.id)) return;
    const { parent, name } = item;
    Object.assign(item, { parent: other.parent, name: other.name });
    Object.assign(other, { parent, name });
  }

  #remove(forest: Forest, id: NodeId): void {
    for (const item of forest.values()) if (item.parent === id) this.#remove(forest, item.id);
    forest.delete(id);
  }

  #record(forest: Forest, tree: "synced" | "local" | "remote", base?: Forest): void {
    for (const { id, parent, name, kind, content, mode } of forest.values()) {
      const manifest = kind === "folder" ? null : manifestOf(content);
      const before = base?.get(id);
      const isEdited = before !== undefined && (before.content !== content || before.mode !== mode) && kind === "file";
      const version = kind === "folder" ? 0 : isEdited ? 2 : 1;
      const shared = {
        parent,
        name,
        spelling: undefined,
        kind,
        mode,
        rev: 1,
        version,
        size: kind === "folder" ? 0 : 1 + (content % 1000),
        mtimeMs: 0,
        manifest,
      };
      if (tree === "local") {
        const isRead = this.random.chance(0.5);
        const stat = this.#stat(kind, mode);
        this.#held.set(stat.inode, manifest);
        this.trees.local.put({
          id,
          parent,
          name,
          spelling: undefined,
          kind,
          stat,
          seenAtMs: 0,
          manifest: isRead ? manifest : null,
        });
      } else this.trees[tree].put({ id, ...shared });
      if (tree === "remote") this.server.nodes.set(id, { node: id, ...shared });
    }
  }

  /** What a file on this disk holds, by inode: the node may get another id before it is read. */
  readonly #held = new Map<string, string | null>();

  #stat(kind: "file" | "folder" | "symlink", mode: number): Stat {
    return { kind, size: 1, mtimeNs: "0", ctimeNs: "0", inode: String(this.#inode++), mode };
  }

  plan(actionsMax: number): Plan {
    return plan(this.trees, {
      dirty: this.trees.dirty.ids(0),
      busy: () => false,
      actionsMax,
      readsMax: actionsMax,
      readBytesMax: 1 << 20,
      fold: this.trees.fold,
      keepsModes: true,
      nameFault: () => undefined,
      deviceName: "here",
      date: "2026-11-22",
    });
  }

  /** In any order that the needs allow; a commit keeps the plan's order. */
  apply(steps: Plan): void {
    // Before the steps, which make nodes dirty again.
    for (const id of steps.clean) this.trees.dirty.clear(id);
    const done = new Set<number>();
    const open = steps.actions.map((action, index) => ({ action, index }));
    const isReady = ({ action, index }: { action: Action; index: number }) =>
      action.needs.every((need) => done.has(need)) &&
      (action.do !== "commit" || !open.some((other) => other.index < index && other.action.do === "commit"));
    while (open.length > 0) {
      const next = this.random.pick(open.filter(isReady));
      open.splice(open.indexOf(next), 1);
      this.#take(next.action);
      done.add(next.index);
    }
  }

  #take(action: Action): void {
    const { trees } = this;
    const local = trees.local.get(action.node);
    const remote = trees.remote.get(action.node);
    const newNode = () => newId<NodeId>(this.random.bytes);
    switch (action.do) {
      case "agree":
        trees.synced.put(action.synced);
        return;
      case "forget":
        effects.forget(trees, action.node, action.below);
        return;
      case "adopt":
        effects.adopt(trees, action.node, action.as);
        return;
      case "revive":
        effects.revive(trees, action.node, {
          below: action.below,
          newId: () => newNode(),
        });
        return;
      case "read":
        if (local !== undefined) trees.local.put({ ...local, manifest: this.#held.get(local.stat.inode) ?? "" });
        return;
      case "fetch-manifest":
        throw new Error("every manifest is known here");
      case "make-folder":
      case "download": {
        if (remote === undefined) throw new Error("a step for a node that the server does not have");
        const mode = action.do === "download" ? action.mode : remote.mode;
        this.#assertFree(remote.parent, remote.name, remote.id);
        effects.placed(trees, remote, this.#stat(remote.kind, mode), { mode, nowMs: 0 });
        return;
      }
      case "move-local":
      case "set-aside": {
        if (local === undefined) throw new Error("a step for a node that is not here");
        const place = action.do === "move-local" ? action.to : { parent: local.parent, name: action.name, spelling: undefined };
        check(!this.#isBelowHere(place.parent, local.id), "a folder is put into itself");
        this.#assertFree(place.parent, place.name, local.id);
        effects.movedLocally(trees, local.id, place, local.stat);
        return;
      }
      case "keep-copy": {
        if (local === undefined) throw new Error("a step for a node that is not here");
        this.#assertFree(local.parent, action.name, local.id);
        effects.copyKept(trees, local.id, { id: newNode(), name: action.name, stat: local.stat });
        return;
      }
      case "set-mode":
        if (local !== undefined) effects.modeSet(trees, local.id, action.mode, { ...local.stat, mode: action.mode });
        return;
      case "remove-local":
        check([...trees.local.children(action.node)].length === 0, "a folder is removed with something in it");
        effects.removedLocally(trees, action.node);
        return;
      case "commit": {
        const op: Op = { ...action.op, opId: newId<OpId>(this.random.bytes) };
        trees.intents.put(op);
        const { results, changes } = this.server.commit([op], device);
        check(results[0]?.status === "applied", `the server refuses ${JSON.stringify(results[0])}`);
        applyChanges(trees, changes);
      }
    }
  }

  /** What a disk would refuse. */
  #assertFree(parent: NodeId, name: string, id: NodeId): void {
    const { local } = this.trees;
    check(parent === rootId || local.get(parent)?.kind === "folder", "a node is put where no folder is");
    check(
      local.named(parent, name).every((other) => other.id === id),
      "a node is put where another one is",
    );
  }

  #isBelowHere(folder: NodeId, id: NodeId): boolean {
    for (let at = folder; at !== rootId; at = this.trees.local.get(at)?.parent ?? rootId) if (at === id) return true;
    return false;
  }

  settle(): void {
    for (let round = 0; round < roundsMax; round++) {
      const steps = this.plan(1 + this.random.below(20));
      if (steps.actions.length === 0) {
        this.apply(steps);
        return;
      }
      this.apply(steps);
    }
    throw new Error(`not settled after ${roundsMax} rounds: ${JSON.stringify(this.plan(5).actions, undefined, 1)}`);
  }

  manifests(tree: "remote" | "synced", parent: NodeId = rootId): string[] {
    return [...this.trees[tree].children(parent)].flatMap(({ id, manifest }) => [
      ...(manifest === null ? [] : [manifest]),
      ...this.manifests(tree, id),
    ]);
  }

  describe(tree: "local" | "remote" | "synced"): string[] {
    const lines: string[] = [];
    const walk = (parent: NodeId, path: string) => {
      for (const node of this.trees[tree].children(parent)) {
        const mode = "stat" in node ? node.stat.mode : node.mode;
        lines.push(`${path}${node.name} ${node.id} ${node.kind} ${mode.toString(8)} ${node.manifest ?? ""}`);
        walk(node.id, `${path}${node.name}/`);
      }
    };
    walk(rootId, "");
    return lines;
  }
}

function check(condition: boolean, fault: string): void {
  if (!condition) throw new Error(fault);
}
