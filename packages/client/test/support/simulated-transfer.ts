/** Content between a simulated disk and a simulated edge: the rules of the real one, on blocks of a few bytes. */
import { deltaCodec } from "../../src/node/delta-codec.ts";
import { readDeltaHeader } from "@ashlar/shared/delta/header";
import type { BlockHash } from "@ashlar/shared/ids";
import { type BlockRef, decodeManifest } from "@ashlar/shared/manifest";
import type { ComingBlock } from "@ashlar/shared/protocol/change";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import {
  type BlockKnowledge,
  type DeltaFrame,
  DiskError,
  type Disk,
  type Edge,
  type Received,
  type SmallBlock,
  type Transfer,
} from "../../src/ports.ts";
import type { Random } from "./random.ts";
import { blocksOf, hashOf, isSmall, manifestOfBytes } from "./simulated-edge.ts";

const codec = deltaCodec();
/** Blocks remembered until the process ends. */
const recentMax = 8;

export type SimulatedTransferOptions = {
  readonly disk: Disk;
  readonly edge: Edge;
  readonly knowledge: BlockKnowledge;
  readonly random: Random;
  readonly onSent: (hash: BlockHash) => void;
};

export function simulatedTransfer({ disk, edge, knowledge, random, onSent }: SimulatedTransferOptions): Transfer {
  const early = new Map<BlockHash, Uint8Array>();
  const recent = new Map<BlockHash, Uint8Array>();

  function remember(hash: BlockHash, bytes: Uint8Array): void {
    recent.set(hash, bytes);
    const { value: oldest } = recent.keys().next();
    if (recent.size > recentMax && oldest !== undefined) recent.delete(oldest);
  }

  async function find({ hash, size }: BlockRef): Promise<Uint8Array | undefined> {
    const known = recent.get(hash);
    if (known !== undefined) return known;
    for (const { path, offset } of knowledge.findLocal(hash)) {
      const bytes = (await readAll(disk, path).catch(() => undefined))?.slice(offset, offset + size);
      if (bytes !== undefined && hashOf(bytes) === hash) return bytes;
    }
    return undefined;
  }

  async function makeDelta(block: Uint8Array, base: BlockRef): Promise<Uint8Array> {
    const bytes = await find(base);
    if (bytes !== undefined) return codec.encode(block, [{ hash: base.hash, bytes }]);
    return codec.encodeFromSignatures(block, [{ hash: base.hash, signature: await edge.signature(base.hash) }]);
  }

  async function sendWhole(hash: BlockHash, bytes: Uint8Array): Promise<void> {
    const [state] = await edge.check([{ hash, size: bytes.length }]);
    if (state !== "have") await edge.putBlock(hash, { bytes, encoding: "identity" });
    knowledge.rememberServerHas([hash]);
    onSent(hash);
  }

  async function fetchEarly({ hash, url }: ComingBlock): Promise<void> {
    const bytes = await edge.fetch(url, undefined).catch(() => undefined);
    if (bytes !== undefined) early.set(hash, bytes);
  }

  async function sendDelta(hash: BlockHash, frame: Uint8Array): Promise<boolean> {
    try {
      await edge.putDelta(hash, frame);
      knowledge.rememberServerHas([hash]);
      return true;
    } catch (error) {
      if (error instanceof ProblemError) return false;
      throw error;
    }
  }

  async function rebuild(frame: Uint8Array | undefined, hash: BlockHash): Promise<Uint8Array | undefined> {
    if (frame === undefined) return undefined;
    const bases = await Promise.all(readDeltaHeader(frame).bases.map(find));
    const found = bases.filter((base) => base !== undefined);
    const bytes = found.length < bases.length ? undefined : codec.decode(frame, found);
    return bytes !== undefined && hashOf(bytes) === hash ? bytes : undefined;
  }

  async function content(manifest: string, received?: Received): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    for (const { hash } of decodeManifest(manifest)) {
      const bytes =
        received?.blocks.get(hash) ??
        early.get(hash) ??
        (await rebuild(received?.deltas.get(hash), hash)) ??
        (await edge.fetch(hash, undefined));
      remember(hash, bytes);
      parts.push(bytes);
    }
    return Buffer.concat(parts);
  }

  return {
    async upload(path, { before }) {
      const stat = await disk.stat(path);
      if (stat === undefined) throw new DiskError("absent", path);
      const bytes = stat.kind === "symlink" ? await disk.readLink(path) : await readAll(disk, path);
      const after = await disk.stat(path);
      if (after === undefined || after.mtimeNs !== stat.mtimeNs || after.inode !== stat.inode || after.size !== stat.size)
        throw new DiskError("changed", path);
      const small: SmallBlock[] = [];
      const deltas: DeltaFrame[] = [];
      const bases = decodeManifest(before ?? "");
      for (const block of blocksOf(bytes)) {
        const hash = hashOf(block);
        if (knowledge.serverHas(hash)) continue;
        const frame = bases.length > 0 && random.chance(0.7) ? await makeDelta(block, random.pick(bases)) : undefined;
        remember(hash, block);
        if (isSmall(block)) small.push({ hash, bytes: block });
        if (frame !== undefined && (isSmall(block) || random.chance(0.5))) deltas.push({ target: hash, frame });
        else if (!isSmall(block) && (frame === undefined || !(await sendDelta(hash, frame)))) await sendWhole(hash, block);
      }
      return { manifest: manifestOfBytes(bytes), size: bytes.length, stat, small, deltas };
    },
    async sendWhole(blocks) {
      const lost: BlockHash[] = [];
      for (const block of blocks) {
        const bytes = await find(block);
        if (bytes === undefined) lost.push(block.hash);
        else await sendWhole(block.hash, bytes);
      }
      return lost;
    },
    async download(manifest, draft, { received }) {
      await draft.write(await content(manifest, received), 0);
    },
    downloadBytes: (manifest) => content(manifest),
    fetchEarly: () => ({
      hear: (blocks) => blocks.forEach((block) => void fetchEarly(block)),
      makeRoom: () => early.clear(),
      [Symbol.asyncDispose]: async () => early.clear(),
    }),
  };
}

async function readAll(disk: Disk, path: string): Promise<Uint8Array> {
  await using handle = await disk.open(path);
  const bytes = new Uint8Array((await handle.stat()).size);
  const count = await handle.read(bytes, 0);
  return bytes.slice(0, count);
}
