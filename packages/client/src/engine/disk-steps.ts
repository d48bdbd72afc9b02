/** The steps of a plan on this disk. Each checks again what it is about to replace or remove, and tells the trees what it did. */
import { type NodeId } from "@ashlar/shared/ids";
import type { Step } from "../planner/types.ts";
import { ownerEnters } from "../planner/context.ts";
import { temporaryName } from "../planner/names.ts";
import { DiskError, type RelativePath, type Stat } from "../ports.ts";
import type { LocalNode } from "../scan/types.ts";
import * as effects from "../trees/effects.ts";
import type { SharedNode } from "../trees/node.ts";
import type { Core } from "./core.ts";
import type { AppliedChange } from "./types.ts";
import type { Watches } from "./watches.ts";

type Of<Do extends Step["do"]> = Extract<Step, { do: Do }>;
type Place = Of<"move-local">["to"];

export class DiskSteps {
  readonly #core: Core;
  readonly #watches: Watches;

  constructor(core: Core, watches: Watches) {
    this.#core = core;
    this.#watches = watches;
  }

  async read({ node }: Of<"read">, signal: AbortSignal): Promise<void> {
    const { trees, transfer } = this.#core;
    const local = this.#local(node);
    const path = this.#path(node);
    const nowMs = this.#core.now;
    let sent = 0;
    using note = this.#core.transferNotes.begin(node, "up", local.stat.size);
    const progress = (bytes: number) => {
      sent += bytes;
      note.at(sent);
      this.#core.event({ type: "upload", path, bytes: sent, size: local.stat.size });
    };
    // What it was made from, as far as this device knows: the server has it.
    const before = (trees.synced.get(node) ?? trees.remote.get(node))?.manifest ?? undefined;
    const { manifest, stat, small, deltas } = await transfer.upload(path, { signal, progress, before });
    // Another kind is another node, as the scan will say.
    if (stat.kind !== local.kind) throw new DiskError("changed", path);
    this.#core.later(() => {
      const isStill = trees.localPath(node) === path;
      const isTaken = isStill && effects.contentRead(trees, node, { manifest, stat, before: local.stat, nowMs });
      if (isTaken) this.#core.held.put(node, { small, deltas });
    });
  }

  async makeFolder({ node }: Of<"make-folder">): Promise<void> {
    const { trees, lock, options } = this.#core;
    await lock.share(async () => {
      const remote = this.#remote(node);
      const path = this.#pathIn(remote);
      // Its content has to get in: without the right to write it gets its own mode afterwards.
      const mode = remote.mode | ownerEnters;
      const stat = await options.disk.makeFolder(path, mode);
      this.#watches.add(path);
      trees.transaction(() => effects.placed(trees, remote, stat, { mode, nowMs: this.#core.now }), "found-again");
      this.#applied("create", path);
    });
  }

  async download({ node, mode }: Of<"download">, planned: LocalNode | undefined, signal: AbortSignal): Promise<void> {
    const remote = this.#remote(node);
    const { manifest } = remote;
    // A newer version came while the step was waiting its turn, and its manifest is still to be asked for.
    if (manifest === null) throw new DiskError("changed", this.#core.trees.shownPath(node));
    if (remote.kind === "symlink") return this.#downloadLink(remote, manifest, planned, signal);
    const { transfer, options, received } = this.#core;
    const shown = this.#target(remote);
    let written = 0;
    using note = this.#core.transferNotes.begin(node, "down", remote.size);
    const progress = (bytes: number) => {
      written += bytes;
      note.at(written);
      this.#core.event({ type: "download", path: shown, bytes: written, size: remote.size });
    };
    await using draft = await options.disk.draft();
    await transfer.download(manifest, draft, { signal, progress, received, before: planned?.manifest ?? undefined });
    const { mtimeMs, size } = remote;
    await this.#place(remote, planned, mode, (path, expected) => draft.place(path, { mode, mtimeMs, size, expected }));
  }

  async #downloadLink(remote: SharedNode, manifest: string, planned: LocalNode | undefined, signal: AbortSignal): Promise<void> {
    const target = await this.#core.transfer.downloadBytes(manifest, signal);
    await this.#place(remote, planned, remote.mode, (path, expected) => this.#core.options.disk.makeLink(path, target, expected));
  }

  /** Puts it where the node belongs now, if what stands there is what stood there when the download was planned (I5). */
  async #place(
    remote: SharedNode,
    planned: LocalNode | undefined,
    mode: number,
    put: (path: RelativePath, expected: Stat | "absent") => Promise<Stat>,
  ): Promise<void> {
    const { trees, lock } = this.#core;
    await lock.share(async () => {
      const now = trees.local.get(remote.id);
      const path = this.#target(remote);
      if (!holdsAsPlanned(now, planned)) throw new DiskError("changed", path);
      const stat = await put(path, now?.stat ?? "absent");
      const nowMs = this.#core.now;
      this.#core.later(() => effects.placed(trees, remote, stat, { mode, nowMs }));
      this.#applied(planned === undefined ? "create" : "update", path);
    });
  }

  async move({ node, to }: Of<"move-local">): Promise<void> {
    await this.#moving(node, async () => {
      const path = await this.#move(node, to);
      if (to.name !== temporaryName(node)) this.#applied("move", path.to);
    });
  }

  async setAside({ node, name }: Of<"set-aside">): Promise<void> {
    await this.#moving(node, async () => {
      const { parent } = this.#local(node);
      this.#conflict(await this.#move(node, { parent, name, spelling: undefined }));
    });
  }

  async keepCopy({ node, name }: Of<"keep-copy">): Promise<void> {
    const { trees, lock, held } = this.#core;
    await lock.share(async () => {
      const local = this.#local(node);
      const path = await this.#rename(local, { parent: local.parent, name, spelling: undefined });
      const id = this.#core.newNodeId();
      trees.transaction(() => effects.copyKept(trees, node, { id, name, stat: path.stat }));
      held.move(node, id);
      this.#conflict({ from: this.#target(this.#remote(node)), to: path.to });
    });
  }

  async setMode({ node, mode }: Of<"set-mode">): Promise<void> {
    const { trees, lock, options } = this.#core;
    await lock.share(async () => {
      const path = this.#path(node);
      const stat = await options.disk.setMode(path, mode, this.#local(node).stat);
      trees.transaction(() => effects.modeSet(trees, node, mode, stat));
      this.#applied("mode", path);
    });
  }

  async remove({ node }: Of<"remove-local">, planned: LocalNode | undefined): Promise<void> {
    const { trees, lock, options } = this.#core;
    await lock.share(async () => {
      const local = this.#local(node);
      const path = this.#path(node);
      if (trees.remote.get(node) !== undefined || !holdsAsPlanned(local, planned)) throw new DiskError("changed", path);
      if (local.kind === "folder") await options.disk.removeFolder(path);
      else await options.disk.remove(path, local.stat);
      if (local.kind === "folder") this.#watches.remove(path);
      this.#core.later(() => {
        effects.removedLocally(trees, node);
        trees.conflicts.remove(path);
      });
      if (local.kind !== "folder") this.#core.countDeletion("local");
      this.#applied("delete", path);
    });
  }

  /** While a folder moves, no path through it may be in use: it could lead to another folder by then. */
  async #moving(node: NodeId, work: () => Promise<void>): Promise<void> {
    const { lock } = this.#core;
    await (this.#local(node).kind === "folder" ? lock.alone(work) : lock.share(work));
  }

  async #move(node: NodeId, to: Place): Promise<{ from: RelativePath; to: RelativePath }> {
    const { trees } = this.#core;
    const local = this.#local(node);
    const path = await this.#rename(local, to);
    trees.transaction(() => {
      effects.movedLocally(trees, node, to, path.stat);
      if (local.kind === "folder") trees.waiting.hindrancesMoved(path.from, path.to);
    });
    trees.conflicts.remove(path.from);
    return path;
  }

  async #rename(local: LocalNode, to: Place): Promise<{ from: RelativePath; to: RelativePath; stat: Stat }> {
    const { trees, options } = this.#core;
    const { disk } = options;
    const from = this.#path(local.id);
    const target = this.#join(to.parent, to.spelling ?? to.name);
    // A step that was cut short between the disk and the trees.
    if (from === target) return { from, to: target, stat: local.stat };
    let stat: Stat;
    if (local.parent === to.parent && trees.fold(local.name) === trees.fold(to.name)) {
      // Only its case differs, or its form: a disk that cannot tell would say that the target exists.
      const aside = this.#join(local.parent, temporaryName(local.id));
      stat = await disk.move(from, aside, local.stat);
      stat = await disk.move(aside, target, stat);
    } else {
      stat = await disk.move(from, target, local.stat);
    }
    if (local.kind === "folder") this.#watches.moved(trees, local.id, from, target);
    return { from, to: target, stat };
  }

  #applied(change: AppliedChange, path: RelativePath): void {
    this.#core.event({ type: "applied", side: "local", change, path });
  }

  #conflict(path: { from: RelativePath; to: RelativePath }): void {
    this.#core.trees.conflicts.put({ path: path.from, copy: path.to, atMs: this.#core.now });
    this.#core.event({ type: "conflict", path: path.from, copy: path.to });
  }

  #local(id: NodeId): LocalNode {
    const local = this.#core.trees.local.get(id);
    if (local === undefined) throw new DiskError("absent", this.#core.trees.shownPath(id));
    return local;
  }

  /** Deleted on the server while the step was waiting its turn: planned again. */
  #remote(id: NodeId): SharedNode {
    const remote = this.#core.trees.remote.get(id);
    if (remote === undefined) throw new DiskError("changed", this.#core.trees.shownPath(id));
    return remote;
  }

  #path(id: NodeId): RelativePath {
    const path = this.#core.trees.localPath(id);
    if (path === undefined) throw new DiskError("absent", this.#core.trees.shownPath(id));
    return path;
  }

  /** Where it stands, or else where it will. */
  #target(remote: SharedNode): RelativePath {
    return this.#core.trees.localPath(remote.id) ?? this.#pathIn(remote);
  }

  #pathIn(remote: SharedNode): RelativePath {
    return this.#join(remote.parent, remote.spelling ?? remote.name);
  }

  #join(parent: NodeId, name: string): RelativePath {
    const folder = this.#path(parent);
    return folder === "" ? name : `${folder}/${name}`;
  }
}

/**
 * A scan that saw an edit while the step waited its turn has told the tree, so that what stands there is as expected and
 * all the same not what the plan was made for: its content is unread (I5).
 */
function holdsAsPlanned(now: LocalNode | undefined, planned: LocalNode | undefined): boolean {
  if (now === undefined || planned === undefined) return now === planned;
  return now.kind === planned.kind && now.manifest === planned.manifest;
}
