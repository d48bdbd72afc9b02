import type { ProblemCode } from "@ashlar/shared/protocol/problem";

/** This device's session is over, and only a person can begin another. */
export class SignedOutError extends Error {
  override readonly name = "SignedOutError";
  readonly code: ProblemCode;

  constructor(code: ProblemCode, cause?: unknown) {
    super(`${reason(code)} Sign in again with \`ashlar login\`.`, { cause });
    this.code = code;
  }
}

function reason(code: ProblemCode): string {
  if (code === "device-revoked") return "This device was signed out from another device.";
  if (code === "refresh-reused") return "This device's session was used a second time from elsewhere, so it was ended.";
  return "This device's session has ended.";
}
