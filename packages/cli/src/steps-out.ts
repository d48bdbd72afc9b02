/** Carrying steps out in front of a person: progress, and what had to be left. */
import { randomBytes } from "node:crypto";
import { carryOut, type LeftStep } from "@ashlar/client/history/carry-out";
import type { Step } from "@ashlar/shared/history/steps";
import { newId, type OpId } from "@ashlar/shared/ids";
import type { Connection } from "@ashlar/client/node/connection";
import type { Change } from "@ashlar/shared/protocol/change";
import { FailedError } from "./exit-code.ts";
import { countText } from "./quantity.ts";
import type { Terminal } from "./terminal.ts";

export type StepsOut = {
  readonly connection: Connection;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
  readonly date: string;
  readonly onChange?: (change: Change) => void;
  /** What to do when it is stopped in the middle. */
  readonly goOn: string;
};

export async function carryOutShown(
  steps: readonly Step[],
  { connection, terminal, signal, date, onChange, goOn }: StepsOut,
): Promise<LeftStep[]> {
  let soFar = 0;
  const { edge } = connection;
  try {
    return await carryOut(steps, {
      edge,
      newOpId: () => newId<OpId>((count) => randomBytes(count)),
      date,
      signal,
      onProgress(done, total) {
        soFar = done;
        terminal.emit({ type: "progress", done, total });
        terminal.progress(`${done.toLocaleString("en")} of ${countText(total, "step")}`);
      },
      ...(onChange === undefined ? {} : { onChange }),
    });
  } catch (error) {
    const stopped = signal.aborted ? "Stopped" : `Stopped: ${error instanceof Error ? error.message : String(error)} That was`;
    throw new FailedError(
      `${stopped} after ${soFar.toLocaleString("en")} of ${countText(steps.length, "step")}. What was done stays. ${goOn}`,
      {
        cause: error,
      },
    );
  } finally {
    terminal.progress("");
  }
}

/** YYYY-MM-DD, local. */
export function dateText(ms: number): string {
  return new Date(ms).toLocaleDateString("sv-SE");
}
