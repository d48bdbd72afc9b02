/** Commits of what was read and sent, many small files in one. */
import { type Batch, batchesOf } from "@ashlar/client/engine/batches";
import { isDeltaRefusal } from "@ashlar/client/edge/refusals";
import type { Edge, Ingested } from "@ashlar/client/ports";
import { decodeManifest } from "@ashlar/shared/manifest";
import { diffManifests } from "@ashlar/shared/manifest-patch";
import type { Change } from "@ashlar/shared/protocol/change";
import type { Op, OpResult, WireOp } from "@ashlar/shared/protocol/commit";
import { ProblemError } from "@ashlar/shared/protocol/problem";

export type Ready = {
  readonly op: Extract<Op, { op: "create" | "update" }>;
  readonly ingested: Ingested;
  /** Of the version that it replaces. */
  readonly before: { readonly version: number; readonly manifest: string } | undefined;
  /** Sends blocks whole whose deltas the server refused. */
  readonly sendWhole: (hashes: ReadonlySet<string>) => Promise<void>;
};
export type Committed = { readonly result: OpResult; readonly change: Change | undefined };

type Waiting = { readonly ready: Ready; readonly settle: PromiseWithResolvers<Committed> };

/** What is ready within this time travels together. */
const gatherMs = 30;

export function createCommits(edge: Pick<Edge, "commit">): (ready: Ready) => Promise<Committed> {
  let waiting: Waiting[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  let last: Promise<void> = Promise.resolve();

  async function send(batch: Batch, gathered: ReadonlyMap<string, Waiting>): Promise<void> {
    const ops = batch.ops.map((op) => onWire(op, gathered.get(op.opId)?.ready));
    const { results, changes } = await edge.commit(ops, batch);
    for (const result of results) {
      const change = changes.find(({ opId }) => opId === result.opId);
      gathered.get(result.opId)?.settle.resolve({ result, change });
    }
  }

  async function sendAll(gathered: ReadonlyMap<string, Waiting>, withDeltas: boolean): Promise<void> {
    const ops = [...gathered.values()].map(({ ready }) => ready.op);
    const heldOf = (op: Op) => {
      const { small = [], deltas = [] } = gathered.get(op.opId)?.ready.ingested ?? {};
      return { small, deltas: withDeltas ? deltas : [] };
    };
    for (const batch of batchesOf(ops, heldOf)) {
      const inBatch = batch.ops.flatMap((op) => gathered.get(op.opId) ?? []);
      try {
        await send(batch, gathered);
      } catch (error) {
        if (withDeltas && batch.deltas.length > 0 && isDeltaRefusal(error)) await sendWithoutDeltas(inBatch);
        // One of them is at fault: each alone tells which. Nothing of a refused commit was applied.
        else if (error instanceof ProblemError && inBatch.length > 1)
          for (const one of inBatch) await sendAll(new Map([[one.ready.op.opId, one]]), withDeltas);
        else for (const { settle } of inBatch) settle.reject(error);
      }
    }
  }

  async function sendWithoutDeltas(refused: readonly Waiting[]): Promise<void> {
    for (const one of refused) {
      const { ingested, sendWhole } = one.ready;
      const small = new Set(ingested.small.map(({ hash }) => hash));
      try {
        await sendWhole(new Set(ingested.deltas.map(({ target }) => target).filter((hash) => !small.has(hash))));
        await sendAll(new Map([[one.ready.op.opId, one]]), false);
      } catch (error) {
        one.settle.reject(error);
      }
    }
  }

  function flush(): void {
    timer = undefined;
    const gathered = new Map(waiting.map((one) => [one.ready.op.opId as string, one]));
    waiting = [];
    last = last.then(() => sendAll(gathered, true));
  }

  return (ready) => {
    const settle = Promise.withResolvers<Committed>();
    waiting.push({ ready, settle });
    timer ??= setTimeout(flush, gatherMs);
    return settle.promise;
  };
}

/** Of a long manifest only what is new about it. */
function onWire(op: Op, ready: Ready | undefined): WireOp {
  if (op.op !== "update" || ready?.before === undefined) return op;
  const patch = diffManifests(ready.before.version, ready.before.manifest, op.manifest);
  if (patch === undefined) return op;
  const { manifest: _whole, ...rest } = op;
  return { ...rest, patch };
}

export const blocksOf = (manifest: string, hashes: ReadonlySet<string>) => decodeManifest(manifest).filter(({ hash }) => hashes.has(hash));
