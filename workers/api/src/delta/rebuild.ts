/** Rebuilding blocks from deltas within this isolate's memory, for uploads and commits alike. */
import { sha256 } from "@ashlar/durable-objects/crypto";
import { deltaCodec } from "@ashlar/durable-objects/delta-codec";
import { unzstd } from "@ashlar/durable-objects/zstd";
import { ByteGate, type GateTask } from "@ashlar/server/blocks/byte-gate";
import { isWorthKeeping, type KeptDelta, putDelta } from "@ashlar/server/blocks/kept-deltas";
import { type BlockPlace, placeNameable } from "@ashlar/server/blocks/nameable";
import type { BlockReadPorts } from "@ashlar/server/blocks/read-block";
import { type Delta, rebuild, rebuildBytes, requireBases, type Rebuilt } from "@ashlar/server/blocks/rebuild";
import type { BlockHash } from "@ashlar/shared/ids";
import {
  packBlockBytesMax,
  pushInlineBytesMax,
  rebuildBytesMax,
  rebuildMsMax,
  rebuildsWaitingMax,
  rebuildWaitMsMax,
} from "@ashlar/shared/limits";
import type { BlockRef } from "@ashlar/shared/manifest";
import { type Env, indexShards, metaShard } from "../env.ts";
import type { Identity } from "../http/access-token.ts";
import { storeLarge } from "../upload/store.ts";

const clock = { now: Date.now };
const newGate = () =>
  new ByteGate({
    bytesMax: rebuildBytesMax,
    waitingMax: rebuildsWaitingMax,
    waitMsMax: rebuildWaitMsMax,
    runMsMax: rebuildMsMax,
    clock,
  });
let gate = newGate();

/** As a new isolate begins. The platform does this by itself; a simulation plays many isolates in one process. */
export function beginIsolate(): void {
  gate = newGate();
}

export function readPorts(env: Env): BlockReadPorts {
  return { bucket: env.BLOCKS, unzstd };
}

/** What lets work go on when nobody waits for the answer any more. */
export type RequestContext = Pick<ExecutionContext, "waitUntil">;

/** Runs a task that holds so many bytes of blocks for that user. Throws `try-again` if too many wait. */
export function withMemory<Result>(request: RequestContext, held: GateTask, task: () => Promise<Result>): Promise<Result> {
  const done = gate.run(held, task);
  // The platform drops what a client that has left was waiting for: then nobody would tell the gate.
  request.waitUntil(done.catch(() => undefined));
  return done;
}

/** Those of the blocks that this user may copy from, or ask signatures of. */
export function placesOf(
  env: Env,
  { user, shard }: Identity,
  blocks: readonly { hash: BlockHash; size?: number }[],
): Promise<Map<BlockHash, BlockPlace>> {
  return placeNameable({ shards: indexShards(env), db: metaShard(env, shard), clock }, user, blocks);
}

/** A small block with its bytes, or one that is stored, without them; its delta, if it is kept. */
export type Received = Rebuilt & { readonly block: BlockRef; readonly kept: KeptDelta | undefined };

/**
 * Makes the blocks of their deltas. A large one is stored and leased to this user when this answers; what becomes of a small one is
 * the caller's business, which holds its few bytes. Throws `base-missing` before anything is read, `bad-delta` before it is stored.
 */
export async function receiveDeltas(env: Env, request: RequestContext, identity: Identity, deltas: readonly Delta[]): Promise<Received[]> {
  const headers = deltas.map(({ header }) => header);
  const places = await placesOf(
    env,
    identity,
    headers.flatMap(({ bases }) => bases),
  );
  requireBases(headers, places);
  return Promise.all(
    deltas.map((delta) =>
      withMemory(request, { owner: identity.user, bytes: rebuildBytes(delta) }, () => receive(env, identity, delta, places)),
    ),
  );
}

async function receive(env: Env, identity: Identity, delta: Delta, places: ReadonlyMap<BlockHash, BlockPlace>): Promise<Received> {
  const { target: hash, size } = delta.header;
  const rebuilt = await rebuild({ ...readPorts(env), codec: deltaCodec(), sha256 }, delta, places);
  const block = { hash, size };
  if (size <= packBlockBytesMax) return { ...rebuilt, block, kept: undefined };
  const [kept] = await Promise.all([
    keep(env, identity, delta, rebuilt),
    storeLarge(env, identity, block, rebuilt.bytes, { sentBytes: delta.frame.length }),
  ]);
  // Whoever holds on to this would hold 4 MiB outside of the gate, and as much again of a frame that was made anew.
  const frame = rebuilt.frame.length > pushInlineBytesMax ? delta.frame : rebuilt.frame;
  return { block, bytes: new Uint8Array(), frame, kept };
}

/** Undefined if it is not kept: a delta is a favour to other devices, and no upload fails for it. */
async function keep(env: Env, { user }: Identity, { header }: Delta, { frame }: Rebuilt): Promise<KeptDelta | undefined> {
  const { target, size, bases } = header;
  if (!isWorthKeeping({ hash: target, size }, frame.length)) return undefined;
  const kept = { target, bases: bases.map(({ hash }) => hash), size: frame.length };
  try {
    await putDelta(env.BLOCKS, user, kept, frame);
    return kept;
  } catch (error) {
    console.warn("a delta is not kept", error);
    return undefined;
  }
}
