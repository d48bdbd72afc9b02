/** A commit from call to answer (DESIGN section 5). The caller sees to it that one runs at a time for a user. */
import type { BlockHash, OpId } from "@ashlar/shared/ids";
import { commitPathCharsMax } from "@ashlar/shared/limits";
import type { BlockRef } from "@ashlar/shared/manifest";
import type { ManifestPatch } from "@ashlar/shared/manifest-patch";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import type { BlockIndex } from "../blocks/types.ts";
import type { BucketWriter, Clock, Database, Sha256 } from "../ports.ts";
import { admit, type Admission, type Loaded } from "./admit.ts";
import { answerPatches, nodesToCompare } from "./answer-patches.ts";
import { planBlocks, missingHashesMax, type BlockPlan, type PlacedBlock } from "./block-plan.ts";
import { trimManifests, withPatches } from "./change-page.ts";
import { checkOps, type CheckedOp } from "./checked-op.ts";
import { recover, type IntentStore } from "./intent.ts";
import { load, loadHeights } from "./load.ts";
import { storeManifest } from "./manifest-store.ts";
import type { CommitAnswer, CommitCall, CommitRefusal } from "./types.ts";
import { type UsageAdded, usageOf } from "./usage.ts";
import { writeStatements } from "./write.ts";

export type CommitDeps = {
  readonly db: Database;
  readonly blocks: BlockIndex;
  readonly bucket: BucketWriter;
  readonly intents: IntentStore;
  readonly clock: Clock;
  readonly sha256: Sha256;
  readonly sleep: (ms: number) => Promise<void>;
  /** Told of every failure that the device only sees as `try-again`. */
  readonly report: (message: string, cause: unknown) => void;
};

/** What the caller answers, and for the push: where the blocks of the new versions are. */
export type CommitOutcome = { readonly answer: CommitAnswer; readonly blocks: readonly PlacedBlock[] };

const attemptsMax = 5;
const backoffMsMin = 100;
const retryAfterS = 2;

/**
 * Applies a commit, or refuses it as a whole. Nothing is answered before it is durable (I4), and every failure of storage is
 * met alike: look again. If the batch had landed after all, its operations are known now, and the answer is what it was.
 */
export async function commit(deps: CommitDeps, call: CommitCall): Promise<CommitOutcome> {
  const attempts = new CommitAttempts(deps, call);
  try {
    const ops = checkOps(call.ops);
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      if (attempt > 0) await deps.sleep(backoffMsMin * 2 ** (attempt - 1));
      const outcome = await attempts.next(ops);
      if (outcome !== undefined) return outcome;
    }
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    await attempts.settle();
    return { answer: refusal(error), blocks: [] };
  }
  // The last batch may still land. Its intent stays, and the next commit finds out before it does anything else.
  const detail = "The storage did not answer in time. Send the same commit again.";
  return { answer: { ok: false, code: "try-again", detail, retryAfterS }, blocks: [] };
}

function refusal(error: ProblemError): CommitRefusal {
  return {
    ok: false,
    code: error.code,
    detail: error.message,
    ...(error.hashes === undefined ? {} : { hashes: error.hashes }),
    ...(error.retryAfterS === undefined ? {} : { retryAfterS: error.retryAfterS }),
  };
}

class CommitAttempts {
  readonly #deps: CommitDeps;
  readonly #call: CommitCall;
  /** Everything that any attempt may have held: what the intent says. */
  readonly #held = new Set<BlockHash>();
  #recovered = false;

  constructor(deps: CommitDeps, call: CommitCall) {
    this.#deps = deps;
    this.#call = call;
  }

  /** The outcome, or undefined if storage failed. Throws a ProblemError on a refusal. */
  async next(ops: readonly CheckedOp[]): Promise<CommitOutcome | undefined> {
    try {
      if (!this.#recovered) await recover(this.#deps, this.#call.user);
      this.#recovered = true;
      return await this.#attempt(ops);
    } catch (error) {
      if (error instanceof ProblemError) throw error;
      this.#deps.report("a commit met a failure of storage", error);
      return undefined;
    }
  }

  /** Gives back what was held in vain. A failure leaves the intent to the next commit. */
  async settle(): Promise<void> {
    try {
      await recover(this.#deps, this.#call.user);
    } catch (error) {
      this.#deps.report("a commit could not be undone yet", error);
    }
  }

  async #attempt(ops: readonly CheckedOp[]): Promise<CommitOutcome> {
    const { user, packs, deltas = [] } = this.#call;
    const now = this.#deps.clock.now();
    const loaded = await load(this.#deps.db, {
      user,
      ops,
      packs,
      deltas,
      compared: nodesToCompare(this.#call.ops, this.#call.patches),
      now,
    });
    const admission = await this.#admit(loaded, ops, now);
    const patches = answerPatches(this.#call.ops, this.#call.patches, loaded.previous);
    requireShortPaths(admission);
    if (admission.changes.length === 0) {
      await this.settle();
      return outcomeOf(admission, [], patches);
    }
    const plan = planBlocks(admission.versions, packs, loaded.blocks);
    if (plan.missing.length > 0) throw blocksMissing(plan.missing);
    const heldBytes = await this.#hold(plan.holds, loaded.namespace.generation);
    const { inlineSent = [] } = this.#call;
    const counted = blocksOf(ops.filter(({ op }) => loaded.known.has(op.opId)));
    const usage = usageOf({ admission, plan, known: loaded.blocks, packs, inlineSent, counted, heldBytes });
    await this.#write(loaded, admission, { plan, usage, now });
    // Held by an earlier attempt that saw another namespace, and not needed any more.
    const inVain = this.#held.size > plan.holds.length;
    await (inVain ? this.settle() : this.#deps.intents.clear());
    return outcomeOf(
      admission,
      plan.rows.filter(({ refs }) => refs > 0),
      patches,
    );
  }

  async #admit(loaded: Loaded, ops: readonly CheckedOp[], now: number): Promise<Admission> {
    const { db, sha256 } = this.#deps;
    const { user, device } = this.#call;
    const first = admit(loaded, ops, { user, device, now, sha256 });
    if (first.kind === "admitted") return first;
    const second = admit(loaded, ops, { user, device, now, sha256, heights: await loadHeights(db, user, ops, loaded.nodes) });
    if (second.kind !== "admitted") throw new Error("the admission asks again for the heights it was given");
    return second;
  }

  /** Answers what was sent for the blocks. The note is durable before anything is held, and names all that is: a crash at any moment leaves no hold unexplained. */
  async #hold(wanted: readonly BlockRef[], generation: number): Promise<number> {
    const { blocks, intents } = this.#deps;
    for (const { hash } of wanted) this.#held.add(hash);
    await intents.write({ holds: [...this.#held] });
    if (wanted.length === 0) return 0;
    const { refused, sentBytes } = await blocks.hold(this.#call.user, wanted, generation);
    if (refused.size > 0) throw blocksMissing([...refused]);
    return sentBytes;
  }

  async #write(
    loaded: Loaded,
    admission: Admission,
    { plan, usage, now }: { plan: BlockPlan; usage: UsageAdded; now: number },
  ): Promise<void> {
    const { db, bucket, sha256 } = this.#deps;
    const { user, device, deltas = [] } = this.#call;
    // Each once: the bucket refuses two writes of one object at the same time.
    const distinct = new Set(admission.versions.map(({ manifest }) => manifest));
    const { namespace } = loaded;
    const moment = { user, seq: namespace.seq, generation: namespace.generation };
    const manifests = new Map(
      await Promise.all(
        [...distinct].map(async (manifest) => [manifest, await storeManifest({ bucket, sha256 }, moment, manifest)] as const),
      ),
    );
    await db.batch(writeStatements(db, { user, device, now, namespace, admission, blocks: plan, manifests, deltas, usage }));
  }
}

/** Before anything is written: a commit whose answer cannot be delivered would be asked for again and again. */
function requireShortPaths({ answered }: Admission): void {
  const chars = answered.reduce((total, { path }) => total + path.length, 0);
  if (chars <= commitPathCharsMax) return;
  throw new ProblemError("too-large", `The paths of this commit's changes have ${chars} characters: send fewer operations at a time.`);
}

const blocksOf = (ops: readonly CheckedOp[]): Set<BlockHash> => new Set(ops.flatMap(({ blocks }) => blocks.map(({ hash }) => hash)));

function blocksMissing(hashes: readonly BlockHash[]): ProblemError {
  const detail = `${hashes.length} blocks that the commit names are not here. Send them, then the same commit again.`;
  return new ProblemError("block-missing", detail, { hashes: hashes.slice(0, missingHashesMax) });
}

function outcomeOf(
  { results, head, answered }: Admission,
  blocks: readonly PlacedBlock[],
  patches: ReadonlyMap<OpId, ManifestPatch>,
): CommitOutcome {
  return { answer: { ok: true, response: { results, head, changes: trimManifests(withPatches(answered, patches)) } }, blocks };
}
