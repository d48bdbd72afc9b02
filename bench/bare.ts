/** What the local server does when it is only asked to store and to give: the yardstick for everything above it. */
import { createHash, randomBytes } from "node:crypto";
import { openConnection } from "@ashlar/client/node/connection";
import { openHome, type Account } from "@ashlar/client/node/home";
import { newId, rootId, type BlockHash, type NodeId, type OpId } from "@ashlar/shared/ids";
import { transfersInFlightMax } from "@ashlar/shared/limits";
import { encodeManifest } from "@ashlar/shared/manifest";
import type { Edge } from "@ashlar/client/ports";
import type { BlockLocation } from "@ashlar/shared/protocol/block";

export type BareRates = {
  /** Of blocks of 4 MiB, as many at a time as the client sends. */
  readonly putBytesPerSecond: number;
  readonly getBytesPerSecond: number;
  /** One block of 4 KB in each request. */
  readonly smallPutsPerSecond: number;
  readonly smallGetsPerSecond: number;
};

type Block = { readonly hash: BlockHash; readonly bytes: Uint8Array };

const MiB = 1024 * 1024;

/** Through the client's own connection pool, with its tokens, and nothing of its sync. Of three rounds of GET the median. */
export async function measureBare(directory: string, account: Account, counts: { large: number; small: number }): Promise<BareRates> {
  await using connection = openConnection(await openHome(directory), account);
  const { edge } = connection;
  const large = makeBlocks(counts.large, 4 * MiB);
  const small = makeBlocks(counts.small, 4096);
  const put = ({ hash, bytes }: Block) => edge.putBlock(hash, { bytes, encoding: "identity" });
  const get = ({ url, offset, size }: BlockLocation, into: Uint8Array) =>
    edge.fetch(url, offset === undefined ? undefined : { offset, length: size }, undefined, into);

  // The first requests pay for connections and for code that is not compiled yet.
  await inParallel(makeBlocks(transfersInFlightMax, 4 * MiB), put);
  const putSeconds = await inParallel(large, put);
  const smallPutSeconds = await inParallel(small, put);
  await commitAsFile(edge, "large", large);
  await commitAsFile(edge, "small", small);
  const places = await locateAll(edge, large);
  const getSeconds = [await inParallel(places, get), await inParallel(places, get), await inParallel(places, get)].toSorted(
    (a, b) => a - b,
  )[1];
  if (getSeconds === undefined) throw new Error("nothing was measured");
  const smallGetSeconds = await inParallel(await locateAll(edge, small), get);
  return {
    putBytesPerSecond: (counts.large * 4 * MiB) / putSeconds,
    getBytesPerSecond: (counts.large * 4 * MiB) / getSeconds,
    smallPutsPerSecond: counts.small / smallPutSeconds,
    smallGetsPerSecond: counts.small / smallGetSeconds,
  };
}

function makeBlocks(count: number, size: number): Block[] {
  return Array.from({ length: count }, () => {
    const bytes = randomBytes(size);
    return { hash: createHash("sha256").update(bytes).digest("hex") as BlockHash, bytes };
  });
}

/** Blocks are given out only to who has a version of them. */
async function commitAsFile(edge: Edge, name: string, blocks: readonly Block[]): Promise<void> {
  const refs = blocks.map(({ hash, bytes }) => ({ hash, size: bytes.length }));
  const { results } = await edge.commit(
    [
      {
        op: "create",
        opId: newId<OpId>(randomBytes),
        node: newId<NodeId>(randomBytes),
        parent: rootId,
        name,
        kind: "file",
        manifest: encodeManifest(refs),
        size: refs.reduce((sum, { size }) => sum + size, 0),
        mtimeMs: 0,
        mode: 0o644,
      },
    ],
    { inline: [], deltas: [] },
  );
  if (results[0]?.status !== "applied") throw new Error(`the edge refused the file "${name}": ${JSON.stringify(results)}`);
}

async function locateAll(edge: Edge, blocks: readonly Block[]): Promise<BlockLocation[]> {
  const located: BlockLocation[] = [];
  for (let at = 0; at < blocks.length; at += 1000) {
    located.push(...(await edge.locate(blocks.slice(at, at + 1000).map(({ hash }) => hash))));
  }
  return located;
}

/** Seconds that the whole list takes, as many at a time as the client has in flight. */
async function inParallel<Item>(items: readonly Item[], work: (item: Item, memory: Uint8Array) => Promise<unknown>): Promise<number> {
  const queue = items.values();
  const startedMs = performance.now();
  const drain = async () => {
    // Fresh memory for each answer would measure this process's collector.
    const memory = new Uint8Array(4 * MiB);
    for (const item of queue) await work(item, memory);
  };
  await Promise.all(Array.from({ length: transfersInFlightMax }, drain));
  return (performance.now() - startedMs) / 1000;
}
