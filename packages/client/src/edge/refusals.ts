import { type ProblemCode, problems } from "@ashlar/shared/protocol/problem";

/** Of any error that carries one of the protocol's codes. */
export function problemCode(error: unknown): ProblemCode | undefined {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string") return undefined;
  return Object.hasOwn(problems, error.code) ? (error.code as ProblemCode) : undefined;
}

/** Refusals of a delta and not of its block: the block itself may be taken. */
const deltaRefusals: ReadonlySet<ProblemCode> = new Set<ProblemCode>([
  "base-missing",
  "bad-delta",
  "hash-mismatch",
  "too-large",
  "not-found",
]);

export function isDeltaRefusal(error: unknown): boolean {
  const code = problemCode(error);
  return code !== undefined && deltaRefusals.has(code);
}
