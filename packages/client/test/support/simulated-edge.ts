import { createHash } from "node:crypto";
import { toBase64Url } from "@ashlar/shared/encoding";
import { type BlockHash, type DeviceId, type Epoch, type UserId, newId, rootId } from "@ashlar/shared/ids";
import { blockBytesMax } from "@ashlar/shared/limits";
import { decodeManifest, encodeManifest } from "@ashlar/shared/manifest";
import type { Change, ServerMessage } from "@ashlar/shared/protocol/change";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import { DiskError, type Disk, type BlockKnowledge, type Edge, type FeedEvents, type Transfer } from "../../src/ports.ts";
import { Namespace } from "./namespace.ts";
import { Random } from "./random.ts";

/** Content up to this many bytes is one small block and travels in the commit; longer content is sent on its own. */
const smallBytesMax = 24;

export const sha256 = (bytes: Uint8Array): Uint8Array => createHash("sha256").update(bytes).digest();
export const hashOf = (bytes: Uint8Array): BlockHash => createHash("sha256").update(bytes).digest("hex") as BlockHash;
export const manifestOfText = (text: string): string => manifestOfBytes(new TextEncoder().encode(text));
const manifestOfBytes = (bytes: Uint8Array): string =>
  encodeManifest(blocksOf(bytes).map((block) => ({ hash: hashOf(block), size: block.length })));

/** Cut by length alone: most content is one block. */
function blocksOf(bytes: Uint8Array): Uint8Array[] {
  const count = Math.ceil(bytes.length / blockBytesMax);
  return Array.from({ length: count }, (_, index) => bytes.subarray(index * blockBytesMax, (index + 1) * blockBytesMax));
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
  blocksSent = 0;
  readonly #listeners = new Set<(message: ServerMessage) => void>();
  readonly #rules = { treePage: 3 };

  /** The state of a backup, older by the last change, under another epoch. */
  restore(epoch: Epoch): void {
    const last = this.namespace.journal.at(-1);
    const backup = new Namespace(this.user);
    for (const [id, node] of this.namespace.nodes) if (id !== last?.node) backup.nodes.set(id, node);
    this.namespace = backup;
    this.epoch = epoch;
  }

  listen(listener: (message: ServerMessage) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  welcome({ epoch, seq }: ReturnType<FeedEvents["cursor"]>): ServerMessage {
    if (epoch !== null && (epoch !== this.epoch || seq > this.namespace.head))
      return { type: "reconcile", code: "epoch-changed", epoch: this.epoch, head: this.namespace.head };
    const changes = this.namespace.journal.slice(seq, seq + 5);
    return { type: "welcome", epoch: this.epoch, head: this.namespace.head, changes };
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
      putBlock: (hash, bytes) =>
        request("putBlock", () => {
          this.blocksSent++;
          this.#store(hash, bytes);
        }),
      locate: () => request("locate", () => []),
      fetch: (url) => request("fetch", () => this.#block(url as BlockHash)),
      commit: (ops, inline) =>
        request("commit", () => {
          this.commits++;
          for (const { hash, bytes } of inline) this.#store(hash, bytes);
          const named = ops.flatMap((op) => (op.op === "create" || op.op === "update" ? decodeManifest(op.manifest) : []));
          const missing = named.filter(({ hash }) => !this.blocks.has(hash)).map(({ hash }) => hash);
          if (missing.length > 0) throw new ProblemError("block-missing", undefined, { hashes: missing });
          const { results, changes } = this.namespace.commit(ops, device);
          if (changes.length > 0) this.#push(changes);
          return { results, changes, head: this.namespace.head };
        }),
      changes: (since, epoch) =>
        request("changes", () => {
          if (epoch !== null && (epoch !== this.epoch || since > this.namespace.head)) throw new ProblemError("epoch-changed");
          if (since < this.journalFrom) throw new ProblemError("cursor-expired");
          return { epoch: this.epoch, head: this.namespace.head, changes: this.namespace.journal.slice(since, since + 7) };
        }),
      manifest: (node) =>
        request("manifest", () => {
          const manifest = this.namespace.nodes.get(node)?.manifest;
          if (manifest === undefined || manifest === null) throw new ProblemError("not-found");
          return manifest;
        }),
      tree: (node, after, _signal, known) => request("tree", () => this.#treePage(node, after, known)),
    };
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

  #push(changes: Change[]): void {
    const hashes = changes.flatMap(({ manifest }) => decodeManifest(manifest ?? "").map(({ hash }) => hash));
    const inline = hashes.flatMap((hash) => {
      const bytes = this.blocks.get(hash);
      return bytes === undefined || bytes.length > smallBytesMax ? [] : [{ hash, data: toBase64Url(bytes) }];
    });
    for (const listener of this.#listeners) listener({ type: "changes", head: this.namespace.head, changes, inline, locations: [] });
  }
}

/** Content between a simulated disk and a simulated edge. */
export function simulatedTransfer(disk: Disk, edge: Edge, knowledge: BlockKnowledge): Transfer {
  const content = async (manifest: string, received?: ReadonlyMap<BlockHash, Uint8Array>): Promise<Uint8Array> => {
    const parts: Uint8Array[] = [];
    for (const { hash } of decodeManifest(manifest)) parts.push(received?.get(hash) ?? (await edge.fetch(hash, undefined)));
    return Buffer.concat(parts);
  };
  return {
    async upload(path) {
      const stat = await disk.stat(path);
      if (stat === undefined) throw new DiskError("absent", path);
      const bytes = stat.kind === "symlink" ? await disk.readLink(path) : await readAll(disk, path, stat.size);
      const after = await disk.stat(path);
      if (after === undefined || after.mtimeNs !== stat.mtimeNs || after.inode !== stat.inode || after.size !== stat.size)
        throw new DiskError("changed", path);
      const small = [];
      for (const block of blocksOf(bytes)) {
        const hash = hashOf(block);
        if (knowledge.serverHas(hash)) continue;
        if (block.length <= smallBytesMax) {
          small.push({ hash, bytes: block });
          continue;
        }
        const [state] = await edge.check([{ hash, size: block.length }]);
        if (state !== "have") await edge.putBlock(hash, block);
        knowledge.rememberServerHas([hash]);
      }
      return { manifest: manifestOfBytes(bytes), size: bytes.length, stat, small };
    },
    async download(manifest, draft, { received }) {
      await draft.write(await content(manifest, received), 0);
    },
    downloadBytes: (manifest) => content(manifest),
  };
}

async function readAll(disk: Disk, path: string, size: number): Promise<Uint8Array> {
  await using handle = await disk.open(path);
  const bytes = new Uint8Array(size);
  const count = await handle.read(bytes, 0);
  return bytes.slice(0, count);
}
