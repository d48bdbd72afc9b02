/** Refusals on their way out: RFC 9457 problem documents. */
import { ProblemError, problemMediaType, problemOf } from "@ashlar/shared/protocol/problem";

/** Seconds that a client waits when nothing better is known. */
const retryAfterS = 2;

/** D1 and Durable Objects say so when they are busy, moving or restarting: the request may come again. */
const transient =
  /overloaded|connection lost|object to be reset|code was updated|transient issue|storage operation exceeded|network connection/i;

/** Any failure as a refusal with a code: a {@link ProblemError} as it is, a busy platform as `try-again`, all else as `internal`. */
export function refusalOf(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  if (isTransient(error)) return new ProblemError("try-again", undefined, { retryAfterS, cause: error });
  return new ProblemError("internal", undefined, { cause: error });
}

function isTransient(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const flagged = ("retryable" in error && error.retryable === true) || ("overloaded" in error && error.overloaded === true);
  return flagged || transient.test(error.message);
}

/** The refusal as a response. `allow` lists the methods that a `method-not-allowed` address takes. */
export function problemResponse(refusal: ProblemError, allow?: readonly string[]): Response {
  const problem = problemOf(refusal);
  const headers = new Headers({ "content-type": problemMediaType });
  if (refusal.retryAfterS !== undefined) headers.set("retry-after", String(refusal.retryAfterS));
  if (allow !== undefined) headers.set("allow", allow.join(", "));
  if (problem.status === 401) headers.set("www-authenticate", "Bearer");
  return new Response(JSON.stringify(problem), { status: problem.status, headers });
}
