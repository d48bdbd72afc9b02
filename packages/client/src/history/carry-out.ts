/** Carries steps out, commit by commit. Whatever it was stopped by, what is done is done, and the rest can be planned again. */
import { restoredName } from "@ashlar/shared/history/restored-name";
import { inCommits, opOf, type Step } from "@ashlar/shared/history/steps";
import type { OpId } from "@ashlar/shared/ids";
import type { Change } from "@ashlar/shared/protocol/change";
import type { ConflictReason } from "@ashlar/shared/protocol/commit";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import type { Edge } from "../ports.ts";

export type CarryOutOptions = {
  readonly edge: Pick<Edge, "commit" | "manifest">;
  readonly newOpId: () => OpId;
  /** YYYY-MM-DD, for names that have to differ from what stands in their place by now. */
  readonly date: string;
  readonly signal: AbortSignal;
  /** After each commit: what has been done of all steps. */
  onProgress?(done: number, total: number): void;
  onChange?(change: Change): void;
};

/** A step that the server refused, since the node or its place changed meanwhile. It was left as it is. */
export type LeftStep = { readonly step: Step; readonly reason: ConflictReason };

/** Under other names as often as this: then somebody else is at it. */
const namesTriedMax = 20;

/** Resolves when every step was applied or refused. Rejects with UnreachableError, ProblemError or the signal's reason. */
export async function carryOut(steps: readonly Step[], options: CarryOutOptions): Promise<LeftStep[]> {
  const left: LeftStep[] = [];
  let done = 0;
  for (const commit of inCommits(steps)) {
    options.signal.throwIfAborted();
    left.push(...(await send(commit, options)));
    done += commit.length;
    options.onProgress?.(done, steps.length);
  }
  return left;
}

/** What comes back where a name is taken by now gets another, and what goes below it is then tried again with it. */
async function send(steps: readonly Step[], options: CarryOutOptions): Promise<LeftStep[]> {
  let refused = await sendOnce(steps, options);
  const names = new Map<Step["node"], string>();
  for (let number = 1; number <= namesTriedMax && refused.some(isRenameable); number++) {
    const again = refused.map((one) => {
      if (!isRenameable(one)) return one.step;
      const { step } = one;
      const wanted = names.get(step.node) ?? step.place.name;
      names.set(step.node, wanted);
      return { ...step, place: { parent: step.place.parent, name: restoredName(wanted, options.date, number) } };
    });
    refused = await sendOnce(again, options);
  }
  return refused;
}

type Renameable = LeftStep & { readonly step: Extract<Step, { do: "restore" | "move" }> };

function isRenameable(left: LeftStep): left is Renameable {
  return left.reason === "name-taken" && (left.step.do === "restore" || left.step.do === "move");
}

async function sendOnce(steps: readonly Step[], options: CarryOutOptions): Promise<LeftStep[]> {
  const { edge, newOpId, signal } = options;
  const ops = [];
  for (const step of steps) ops.push(opOf(step, newOpId(), await manifestOf(step, options)));
  try {
    const { results, changes } = await edge.commit(ops, { inline: [], deltas: [] }, signal);
    for (const change of changes) options.onChange?.(change);
    return results.flatMap((result, index) => {
      const step = steps[index];
      return result.status === "applied" || step === undefined ? [] : [{ step, reason: result.reason }];
    });
  } catch (error) {
    // Long paths or manifests: half as many at a time.
    if (!(error instanceof ProblemError) || error.code !== "too-large" || steps.length === 1) throw error;
    const middle = Math.ceil(steps.length / 2);
    return [...(await sendOnce(steps.slice(0, middle), options)), ...(await sendOnce(steps.slice(middle), options))];
  }
}

async function manifestOf(step: Step, { edge, signal }: CarryOutOptions): Promise<string> {
  if (step.do !== "update") return "";
  return step.manifest ?? (await edge.manifest(step.node, step.version, signal));
}
