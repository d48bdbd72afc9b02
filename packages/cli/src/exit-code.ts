/** What the command answers to whoever started it (DESIGN section 11). */
export const exitCodes = {
  done: 0,
  failed: 1,
  wrongUsage: 2,
  /** Done, but there are conflicts, or files that need a person. */
  needsPerson: 3,
} as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** The arguments do not fit the situation; the message says which would. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Failed for a reason that the message explains to a person, with what to do about it. */
export class FailedError extends Error {
  override readonly name = "FailedError";
}
