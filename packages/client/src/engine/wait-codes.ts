/** Every reason that an item can wait for: docs/COMMAND.md lists them for scripts, and a test compares the two. */
import type { ConflictReason } from "@ashlar/shared/protocol/commit";
import type { ProblemCode, problems } from "@ashlar/shared/protocol/problem";
import type { Wait } from "../planner/types.ts";
import type { DiskErrorCode } from "../ports.ts";
import type { WaitReason } from "../scan/types.ts";

/** Refusals that are about what was asked; others are about the device, the server or the moment. */
type OthersStatus = 401 | 429 | 500 | 503;
type SignInProblem = "authorization-pending" | "slow-down" | "access-denied" | "code-expired";
export type ItemProblem = Exclude<
  { [Code in ProblemCode]: (typeof problems)[Code]["status"] extends OthersStatus ? never : Code }[ProblemCode],
  SignInProblem
>;

export type WaitCode =
  | Exclude<DiskErrorCode, "root-gone">
  | WaitReason
  | Wait["reason"]
  | `refused-${ConflictReason}`
  | ItemProblem
  /** Of everything: this client's own state cannot be written. */
  | "state-full";

/**
 * What ends the waiting: `itself` is tried again, later each time; `change` is looked at again when something changes there,
 * and with every full look.
 */
type EndedBy = "itself" | "change";

export const waitCodes: Readonly<Record<WaitCode, EndedBy>> = {
  absent: "itself",
  changed: "itself",
  outside: "itself",
  "not-empty": "itself",
  "no-permission": "itself",
  "no-space": "itself",
  busy: "itself",
  io: "itself",

  "bad-name": "change",
  clash: "change",
  unreadable: "itself",
  "special-file": "change",
  "too-deep": "change",
  "moved-away": "itself",

  "refused-stale": "itself",
  "refused-gone": "itself",
  "refused-id-taken": "itself",
  "refused-parent-gone": "itself",
  "refused-name-taken": "itself",
  "refused-cycle": "itself",
  "refused-not-empty": "itself",
  "refused-too-deep": "itself",
  "refused-wrong-kind": "itself",

  "bad-request": "itself",
  "unknown-field": "itself",
  "bad-manifest": "itself",
  "bad-delta": "itself",
  "hash-mismatch": "itself",
  "length-mismatch": "itself",
  forbidden: "itself",
  "bad-signature": "itself",
  "url-expired": "itself",
  "wrong-share-password": "itself",
  "proof-failed": "itself",
  "proof-expired": "itself",
  "not-found": "itself",
  "method-not-allowed": "itself",
  "email-taken": "itself",
  "block-missing": "itself",
  "base-missing": "itself",
  "stale-patch": "itself",
  "op-reused": "itself",
  "too-many-shares": "itself",
  "cursor-expired": "itself",
  "epoch-changed": "itself",
  "history-expired": "itself",
  "length-required": "itself",
  "archive-too-large": "itself",
  "too-large": "itself",
  "unsupported-media-type": "itself",
  "range-not-satisfiable": "itself",
  "upgrade-required": "itself",
  "over-quota": "itself",

  "state-full": "itself",
};
