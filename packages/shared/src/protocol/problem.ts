/** Refusals on the wire: RFC 9457 problem documents, `application/problem+json`, told apart by `code`. */
import * as z from "zod/mini";
import { problemDetailCharsMax } from "../limits.ts";

/** Every code, with its HTTP status and its title. The status lives here so that a code cannot be sent with another. */
export const problems = {
  "bad-request": { status: 400, title: "The request is not well formed." },
  "unknown-field": { status: 400, title: "The request has a field that the protocol does not know." },
  "bad-name": { status: 400, title: "The name cannot be used for a file or folder." },
  "bad-manifest": { status: 400, title: "The manifest does not describe the file." },
  "bad-delta": { status: 400, title: "The delta does not make the block from its bases: send the block." },
  "hash-mismatch": { status: 400, title: "The bytes do not hash to the name they were sent under." },
  "authorization-pending": { status: 400, title: "Nobody has answered the code yet: ask again after the interval." },
  "slow-down": { status: 400, title: "Asked too soon: wait five seconds longer from now on." },
  "access-denied": { status: 400, title: "The sign-in was refused in the browser." },
  "code-expired": { status: 400, title: "The code is not good (any more): ask for a new one." },
  "length-mismatch": { status: 400, title: "The body is not as long as announced." },
  unauthenticated: { status: 401, title: "Sign in first." },
  "token-expired": { status: 401, title: "The access token has expired: refresh it." },
  "wrong-credentials": { status: 401, title: "The e-mail address or the password is wrong." },
  "refresh-reused": { status: 401, title: "This refresh token was used before: the device is signed out. Sign in again." },
  "device-revoked": { status: 401, title: "This device was signed out." },
  forbidden: { status: 403, title: "This is not yours." },
  "bad-signature": { status: 403, title: "The signed address is not valid, or not for this account." },
  "url-expired": { status: 403, title: "The signed address has expired: ask for a new one." },
  "wrong-share-password": { status: 403, title: "This is not the password of the share." },
  "proof-failed": { status: 403, title: "This does not prove that you have the block: send it." },
  "proof-expired": { status: 403, title: "The proof came too late: ask check again." },
  "not-found": { status: 404, title: "There is nothing here." },
  "method-not-allowed": { status: 405, title: "This address does not take that method." },
  "email-taken": { status: 409, title: "There is an account with this e-mail address already." },
  "block-missing": { status: 409, title: "The commit names a block that was never sent: ask check, send it, commit again." },
  "base-missing": { status: 409, title: "The delta copies from a block that this account does not have: send the block." },
  "stale-patch": { status: 409, title: "The manifest's patch is for a version that is not there: send the manifest." },
  "op-reused": { status: 409, title: "An operation id was used before for something else." },
  "too-many-shares": { status: 409, title: "The account has as many shares as it may: end one that is no longer needed." },
  "cursor-expired": { status: 410, title: "The journal no longer goes back that far: reconcile." },
  "history-expired": { status: 410, title: "History does not go back that far." },
  "epoch-changed": { status: 410, title: "The namespace was restored: reconcile without deleting." },
  "length-required": { status: 411, title: "Send Content-Length." },
  "archive-too-large": { status: 413, title: "An archive cannot hold that many files: ask for some of the folders." },
  "too-large": { status: 413, title: "The body is too large." },
  "unsupported-media-type": { status: 415, title: "The body is not of the type that this address takes." },
  "range-not-satisfiable": { status: 416, title: "The range lies outside of the content." },
  "upgrade-required": { status: 426, title: "Connect with a WebSocket." },
  "too-many-requests": { status: 429, title: "Too fast: try again later." },
  internal: { status: 500, title: "The server made a mistake." },
  "try-again": { status: 503, title: "The storage is busy: try again shortly." },
  "over-quota": { status: 507, title: "The account's space is full." },
} as const satisfies Record<string, { status: number; title: string }>;

export type ProblemCode = keyof typeof problems;

const codes = Object.keys(problems) as [ProblemCode, ...ProblemCode[]];

export const problemSchema = z.object({
  type: z.string(),
  status: z.int(),
  title: z.string(),
  code: z.enum(codes),
  /** What happened this time, to which thing, and what to do. */
  detail: z.optional(z.string()),
  /** Hashes for `block-missing`; more members may follow in later versions. */
  hashes: z.optional(z.array(z.string())),
});
export type Problem = z.infer<typeof problemSchema>;

export const problemMediaType = "application/problem+json";

/** A refusal inside the process, on its way to the border; told apart by `code`, since RPC and JSON lose classes. */
export class ProblemError extends Error {
  override readonly name = "ProblemError";
  readonly code: ProblemCode;
  readonly hashes: readonly string[] | undefined;
  readonly retryAfterS: number | undefined;

  constructor(code: ProblemCode, detail?: string, more: { hashes?: readonly string[]; retryAfterS?: number; cause?: unknown } = {}) {
    super(detail ?? problems[code].title, { cause: more.cause });
    this.code = code;
    this.hashes = more.hashes;
    this.retryAfterS = more.retryAfterS;
  }
}

export function problemOf(error: ProblemError): Problem {
  const { status, title } = problems[error.code];
  return {
    type: `https://ashlar.dev/problems/${error.code}`,
    status,
    title,
    code: error.code,
    ...(error.message === title ? {} : { detail: error.message.slice(0, problemDetailCharsMax) }),
    ...(error.hashes === undefined ? {} : { hashes: [...error.hashes] }),
  };
}
