import { createHash } from "node:crypto";
import { toBase64Url } from "@ashlar/shared/encoding";
import { type BlockHash, type DeviceId, type Epoch, type OpId, type UserId, newId, rootId } from "@ashlar/shared/ids";
import { blockBytesMax } from "@ashlar/shared/limits";
import { deltaCodec } from "../../src/node/delta-codec.ts";
import { readDeltaHeader } from "@ashlar/shared/delta/header";
import { decodeManifest, encodeManifest } from "@ashlar/shared/manifest";
import { patchManifest } from "@ashlar/shared/manifest-patch";
import type { Change, ServerMessage } from "@ashlar/shared/protocol/change";
import type { CommitResponse, Op, WireOp } from "@ashlar/shared/protocol/commit";
import { type ProblemCode, ProblemError } from "@ashlar/shared/protocol/problem";
import type { CommitContent, DeltaFrame, Edge, FeedEvents } from "../../src/ports.ts";
import { Namespace } from "./namespace.ts";
import { Random } from "./random.ts";

/** Full blocks are sent on their own; the rest at a text's end, or a short text, is a small block and travels in the commit. */
const blockBytes = 8;
/** What is longer than a text stands for a large file, and its bytes do not matter. */
const textBytesMax = 1024;
export const isSmall = (block: Uint8Array): boolean => block.length < blockBytes;

const codec = deltaCodec();

export const sha256 = (bytes: Uint8Array): Uint8Array => createHash("sha256").update(bytes).digest();
export const hashOf = (bytes: Uint8Array): BlockHash => createHash("sha256").update(bytes).digest("hex") as BlockHash;
export const manifestOfText = (text: string): string => manifestOfBytes(new TextEncoder().encode(text));
export const manifestOfBytes = (bytes: Uint8Array): string =>
  encodeManifest(blocksOf(bytes).map((block) => ({ hash: hashOf(block), size: block.length })));

/** Cut by length alone, and into so many that a patch is shorter than the manifest of a longer text. */
export function blocksOf(bytes: Uint8Array): Uint8Array[] {
  const cut = bytes.length > textBytesMax ? blockBytesMax : blockBytes;
  return Array.from({ length: Math.ceil(bytes.length / cut) }, (_, index) => bytes.subarray(index * cut, (index + 1) * cut));
}

/** Asked before each request reaches the server and before its answer leaves: may take time, or throw. */
export type Gate = (call: string, when: "before" | "after") => Promise<void>;

/** The edge in one process: a namespace, its blocks, and the sockets of the devices. */
export class SimulatedEdge {
  readonly user = newId<UserId>(new Random(77).bytes);
  namespace = new Namespace(this.user);
  epoch = newId<Epoch>(new Random(78).bytes);
  readonly blocks = new Map<BlockHash, Uint8Array>();
  /** Changes up to this one are no longer in the journal. */
  journalFrom = 0;
  commits = 0;
  quotaBytes = Number.POSITIVE_INFINITY;
  blocksSent = 0;
  /** How often a delta or a patch is refused that is all right. */
  refusals = 0;
  readonly refused = new Set<string>();
  deltasTaken = 0;
  patchesTaken = 0;
  readonly #random = new Random(79);
  /** Each with its device. */
  readonly #listeners = new Map<(message: ServerMessage) => void, DeviceId>();
  readonly #rules = { treePage: 3 };

  /** The state of a backup, older by the last change, under another epoch. */
  restore(epoch: Epoch): void {
    const last = this.namespace.journal.at(-1);
    const backup = new Namespace(this.user);
    for (const [id, node] of this.namespace.nodes) if (id !== last?.node) backup.nodes.set(id, node);
    this.namespace = backup;
    this.epoch = epoch;
  }

  listen(device: DeviceId, listener: (message: ServerMessage) => void): () => void {
    this.#listeners.set(listener, device);
    return () => this.#listeners.delete(listener);
  }

  /** A device says that it has sent these. */
  tellOthers(device: DeviceId, hashes: readonly BlockHash[]): void {
    const blocks = hashes.flatMap((hash) => {
      const bytes = this.blocks.get(hash);
      return bytes === undefined ? [] : [{ hash, size: bytes.length, url: hash }];
    });
    for (const [listener, other] of this.#listeners) if (other !== device) listener({ type: "coming", blocks });
  }

  welcome({ epoch, seq, op }: ReturnType<FeedEvents["cursor"]>): ServerMessage {
    if (epoch !== null && (epoch !== this.epoch || this.#isOfAnotherLife(seq, op)))
      return { type: "reconcile", code: "epoch-changed", epoch: this.epoch, head: this.namespace.head };
    const changes = this.namespace.journal.slice(seq, seq + 5);
    return { type: "welcome", epoch: this.epoch, head: this.namespace.head, changes };
  }

  #isOfAnotherLife(cursor: number, op: OpId | undefined): boolean {
    const made = this.namespace.journal[cursor - 1]?.opId;
    return cursor > this.namespace.head || (op !== undefined && made !== undefined && made !== op);
  }

  port(device: DeviceId, deviceName: string, gate: Gate = () => Promise.resolve()): Edge {
    const request = async <Answer>(call: string, answer: () => Answer): Promise<Answer> => {
      await gate(call, "before");
      const result = answer();
      await gate(call, "after");
      return result;
    };
    return {
      user: this.user,
      device,
      deviceName,
      check: (blocks) => request("check", () => blocks.map(({ hash }) => (this.blocks.has(hash) ? "have" : "upload"))),
      // One account alone: there are no others to have a block from.
      prove: () =>
        request("prove", () => {
          throw new ProblemError("proof-failed");
        }),
      putBlock: (hash, { bytes }) =>
        request("putBlock", () => {
          this.blocksSent++;
          this.#store(hash, bytes);
        }),
      putDelta: (hash, frame) => request("putDelta", () => this.#take({ target: hash, frame })),
      signature: (hash) => request("signature", () => codec.sign(this.#block(hash))),
      delta: () =>
        request("delta", () => {
          throw new ProblemError("not-found");
        }),
      locate: () => request("locate", () => []),
      fetch: (url) => request("fetch", () => this.#block(url as BlockHash)),
      commit: (ops, content) => request("commit", () => this.#commit(ops, content, device)),
      changes: (since, epoch, _signal, op) =>
        request("changes", () => {
          if (epoch !== null && (epoch !== this.epoch || this.#isOfAnotherLife(since, op))) throw new ProblemError("epoch-changed");
          if (since < this.journalFrom) throw new ProblemError("cursor-expired");
          return { epoch: this.epoch, head: this.namespace.head, changes: this.namespace.journal.slice(since, since + 7) };
        }),
      manifest: (node, version) =>
        request("manifest", () => {
          const manifest = this.namespace.manifest(node, version);
          if (manifest === undefined) throw new ProblemError("not-found");
          return manifest;
        }),
      tree: (node, after, _signal, known) => request("tree", () => this.#treePage(node, after, known)),
    };
  }

  #commit(wireOps: readonly WireOp[], { inline, deltas }: CommitContent, device: DeviceId): CommitResponse {
    this.commits++;
    const ops = wireOps.map((op) => this.#whole(op));
    for (const { hash, bytes } of inline) this.#store(hash, bytes);
    for (const delta of deltas) this.#take(delta);
    const named = ops.flatMap((op) => (op.op === "create" || op.op === "update" ? decodeManifest(op.manifest) : []));
    const missing = named.filter(({ hash }) => !this.blocks.has(hash)).map(({ hash }) => hash);
    if (missing.length > 0) throw new ProblemError("block-missing", undefined, { hashes: missing });
    this.#requireSpace(ops);
    const { results, changes } = this.namespace.commit(ops, device);
    const patches = new Map(wireOps.flatMap((op) => ("patch" in op ? [[op.opId, op.patch]] : [])));
    const told = changes.map((change): Change => {
      const patch = patches.get(change.opId);
      return patch === undefined ? change : { ...change, manifest: null, patch };
    });
    if (told.length > 0) this.#push(changes, told, deltas);
    return { results, changes: told, head: this.namespace.head };
  }

  /** As the server does it for a commit as a whole, but for operations that conflict: they count here. */
  #requireSpace(ops: readonly Op[]): void {
    const sizes = new Map([...this.namespace.nodes].map(([id, { size }]) => [id, size]));
    const sum = () => [...sizes.values()].reduce((total, size) => total + size, 0);
    const used = sum();
    for (const op of ops) {
      if (op.op === "delete") sizes.delete(op.node);
      else if ("size" in op) sizes.set(op.node, op.size);
    }
    if (sum() > Math.max(used, this.quotaBytes)) throw new ProblemError("over-quota");
  }

  #whole(op: WireOp): Op {
    if (!("patch" in op)) return op;
    const { patch, ...rest } = op;
    const base = this.namespace.manifest(op.node, patch.base);
    if (base === undefined || this.#random.chance(this.refusals)) this.#refuse("stale-patch");
    this.patchesTaken++;
    return { ...rest, manifest: patchManifest(base, patch) };
  }

  #take({ target, frame }: DeltaFrame): void {
    const bases = readDeltaHeader(frame).bases.flatMap(({ hash }) => this.blocks.get(hash) ?? []);
    if (bases.length < readDeltaHeader(frame).bases.length) this.#refuse("base-missing");
    if (this.#random.chance(this.refusals)) this.#refuse(this.#random.pick(["base-missing", "bad-delta"]));
    this.#store(target, codec.decode(frame, bases));
    this.deltasTaken++;
  }

  #refuse(code: ProblemCode): never {
    this.refused.add(code);
    throw new ProblemError(code);
  }

  #treePage(node: typeof rootId, after: string | null, known: string | undefined) {
    const folder = this.namespace.nodes.get(node);
    if (node !== rootId && folder === undefined) throw new ProblemError("not-found");
    const all = this.namespace.children(node).filter(({ name }) => after === null || name > after);
    const children = this.namespace.folderDigest(node) === known ? [] : all;
    const page = children.slice(0, this.#rules.treePage);
    const root = {
      node: rootId,
      parent: rootId,
      name: "",
      kind: "folder",
      rev: 1,
      version: 0,
      size: 0,
      mtimeMs: 0,
      mode: 0o755,
      manifest: null,
    } as const;
    return {
      epoch: this.epoch,
      head: this.namespace.head,
      folder: this.namespace.state(folder ?? root),
      children: page.map((child) => ({ ...this.namespace.state(child), manifest: child.manifest })),
      next: page.length < children.length ? (page.at(-1)?.name ?? null) : null,
    };
  }

  #store(hash: BlockHash, bytes: Uint8Array): void {
    if (hashOf(bytes) !== hash) throw new ProblemError("hash-mismatch");
    this.blocks.set(hash, bytes.slice());
  }

  #block(hash: BlockHash): Uint8Array {
    const bytes = this.blocks.get(hash);
    if (bytes === undefined) throw new ProblemError("not-found");
    return bytes;
  }

  #push(changes: readonly Change[], told: Change[], deltas: readonly DeltaFrame[]): void {
    const hashes = changes.flatMap(({ manifest }) => decodeManifest(manifest ?? "").map(({ hash }) => hash));
    const inline = hashes.flatMap((hash) => {
      const bytes = this.blocks.get(hash);
      return bytes === undefined || !isSmall(bytes) ? [] : [{ hash, data: toBase64Url(bytes) }];
    });
    const frames = deltas.map(({ target, frame }) => ({ target, data: toBase64Url(frame) }));
    const message = { type: "changes" as const, head: this.namespace.head, changes: told, inline, deltas: frames, locations: [] };
    for (const listener of this.#listeners.keys()) listener(message);
  }
}
