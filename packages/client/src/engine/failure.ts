/** What a failure means for the item it happened to, and whether it is the item's at all. */
import { problems } from "@ashlar/shared/protocol/problem";
import { problemCode } from "../edge/refusals.ts";
import { DatabaseFullError } from "../database.ts";
import { DiskError, type DiskErrorCode, UnreachableError } from "../ports.ts";
import type { ItemProblem, WaitCode } from "./wait-codes.ts";

export type Failure =
  /** The server cannot be reached or asks to wait: nothing goes on for a while. */
  | { scope: "edge"; why: string; retryAfterMs: number | undefined }
  /** This device is signed out. */
  | { scope: "account"; why: string }
  /** The synced folder is not there. */
  | { scope: "root" }
  /** This client's own state cannot be written: nothing goes on until it can. */
  | { scope: "state"; why: string }
  /** Something else stands there than the trees say: look again. */
  | { scope: "item"; reason: WaitCode; detail: string; isStale: boolean };

const outOfDate = "Perhaps this version of Ashlar is older than the server's: update it.";

const diskTexts: Readonly<Record<Exclude<DiskErrorCode, "root-gone">, string>> = {
  absent: "It was not there when it was needed. It is looked for again.",
  changed: "It changed while it was being synced. It is tried again when it holds still.",
  outside: "Its path leads through a symbolic link or out of the synced folder, and is not followed.",
  "not-empty": "The folder was deleted on the server, but files in it that are not synced keep it here. Delete or move them.",
  "no-permission": "This user may not read or write it. Change its permissions.",
  "no-space": "The disk is full. Free some space.",
  "bad-name": "This disk cannot hold such a name. Rename it on another device.",
  busy: "Another program has it open. It is tried again.",
  io: "The disk reported an error.",
};

/** What a person can do about what the server, or the protocol, refuses. */
const advice: Readonly<Partial<Record<ItemProblem, string>>> = {
  "over-quota": "Delete what is not needed, or have the quota raised: it is sent by itself then.",
  "too-large": "Make it smaller, or leave it out with .ashlarignore.",
  "bad-request": outOfDate,
  "unknown-field": outOfDate,
  "bad-manifest": outOfDate,
};

const staleCodes: ReadonlySet<DiskErrorCode> = new Set(["absent", "changed", "outside", "not-empty"]);

const stateFull =
  "The disk that holds Ashlar's own state (ASHLAR_HOME) is full, fails or cannot be written. Free some space there or mend it: nothing is lost, and it goes on by itself.";

export function failureOf(error: unknown): Failure {
  if (error instanceof DatabaseFullError) return { scope: "state", why: stateFull };
  if (error instanceof UnreachableError) return { scope: "edge", why: error.message, retryAfterMs: error.retryAfterMs };
  if (error instanceof DiskError) {
    if (error.code === "root-gone") return { scope: "root" };
    return { scope: "item", reason: error.code, detail: diskTexts[error.code], isStale: staleCodes.has(error.code) };
  }
  const code = problemCode(error);
  if (code === undefined) throw error;
  const { status, title } = problems[code];
  const why = error instanceof Error ? error.message : title;
  if (status === 401) return { scope: "account", why };
  if (status === 429 || status === 500 || status === 503) return { scope: "edge", why, retryAfterMs: undefined };
  // Every other status is the item's.
  const reason = code as ItemProblem;
  const detail = advice[reason] === undefined ? why : `${why} ${advice[reason]}`;
  return { scope: "item", reason, detail, isStale: false };
}
