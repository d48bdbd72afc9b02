/** What to tell a person about an error, and what to exit with. */
import { DatabaseDamagedError, DatabaseFullError } from "@ashlar/client/database";
import { DiskError, UnreachableError, type DiskErrorCode } from "@ashlar/client/ports";
import { SignedOutError } from "@ashlar/client/edge/errors";
import { HaltError } from "@ashlar/client/engine/types";
import { StateFileError } from "@ashlar/client/node/state-file";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import { exitCodes, FailedError, UsageError, type ExitCode } from "./exit-code.ts";
import { sentence } from "./sentence.ts";
import { printable } from "./terminal.ts";

export function failure(error: unknown): { message: string; exitCode: ExitCode } {
  if (error instanceof UsageError) return { message: error.message, exitCode: exitCodes.wrongUsage };
  return { message: explain(error), exitCode: exitCodes.failed };
}

function explain(error: unknown): string {
  if (error instanceof FailedError || error instanceof SignedOutError) return error.message;
  if (error instanceof HaltError) return haltText(error);
  if (error instanceof UnreachableError)
    return `${sentence(error.message)} Is the address right, does the server run, and is this machine online?`;
  if (error instanceof ProblemError) return `The server refused: ${error.message}`;
  if (error instanceof DiskError) return `${printable(error.path) || "The synced folder"}: ${diskFaults[error.code]}`;
  // The engine has given up waiting, and says for what.
  if (error instanceof DatabaseFullError && error.cause === undefined) return `${sentence(error.message)} Then run this again.`;
  if (error instanceof DatabaseFullError)
    return "The disk that holds Ashlar's own state (ASHLAR_HOME) is full, fails or cannot be written. Free some space there or mend it, then run this again; nothing is lost.";
  if (error instanceof DatabaseDamagedError)
    return "Ashlar's database of this folder is damaged. Run this again: it is put aside, and disk and server are compared anew; nothing is deleted by that.";
  if (error instanceof StateFileError)
    return `${error.message}. Repair or remove that file, then run this again; no synced file depends on it.`;
  // Of the synced folder they are DiskErrors, of the network UnreachableErrors.
  if (isOfSystem(error))
    return `Ashlar's own state (ASHLAR_HOME): ${sentence(error.message)} Mend that, then run this again; nothing is lost.`;
  // Nobody foresaw it: the stack is what a report of the mistake needs.
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function isOfSystem(error: unknown): error is Error {
  return error instanceof Error && "syscall" in error;
}

function haltText({ code, message }: HaltError): string {
  switch (code) {
    case "signed-out":
      return `The server said: ${sentence(printable(message))} This device does not sync any more until you sign in again with \`ashlar login\`.`;
    case "other-account":
      return message;
  }
}

const diskFaults: Record<DiskErrorCode, string> = {
  absent: "it is not there (any more).",
  changed: "it changed while it was worked on; run this again.",
  outside: "it leads out of the synced folder, so it is not touched.",
  "root-gone": "the folder is not there. Is its disk mounted?",
  "not-empty": "the folder is not empty.",
  "no-permission": "this user may not read or change it: check its permissions.",
  "no-space": "the disk is full: make room, then run this again.",
  "bad-name": "this disk cannot hold such a name.",
  busy: "another program uses it: close that, then run this again.",
  io: "the disk reported an error.",
};
