/** What an HTTP answer means. */
import { type Problem, ProblemError, problemSchema } from "@ashlar/shared/protocol/problem";
import { UnreachableError } from "../ports.ts";
import type { HttpAnswer } from "./http.ts";

export type Outcome =
  | { type: "answer"; answer: HttpAnswer }
  /** The same request would be answered the same again. */
  | { type: "refused"; error: ProblemError | UnreachableError }
  /** The same request may well succeed later. */
  | { type: "unavailable"; error: UnreachableError };

const decoder = new TextDecoder("utf-8", { fatal: true });

/** The body as JSON; throws a SyntaxError or TypeError if it is not. */
export function jsonOf(answer: HttpAnswer): unknown {
  return JSON.parse(decoder.decode(answer.body));
}

/** Something answered that does not speak our protocol: a proxy, the sign-in page of a network, a wrong address. */
export function foreignAnswer(path: string, answer: HttpAnswer, cause?: unknown): UnreachableError {
  const message = `What answered ${withoutQuery(path)} (status ${answer.status}) is not an Ashlar server, or one of another version: check the address, and whether this network asks to sign in first.`;
  return new UnreachableError(message, { cause });
}

export function outcomeOf(path: string, answer: HttpAnswer, nowMs: number): Outcome {
  if (answer.status >= 200 && answer.status < 300) return { type: "answer", answer };
  const problem = problemFrom(answer);
  const retryAfterMs = retryAfter(answer.headers["retry-after"], nowMs);
  if (isTransient(answer.status, problem)) {
    const why = problem === undefined ? `status ${answer.status}` : (problem.detail ?? problem.title);
    return { type: "unavailable", error: new UnreachableError(`The server cannot serve right now: ${why}`, { retryAfterMs }) };
  }
  return { type: "refused", error: problem === undefined ? foreignAnswer(path, answer) : problemError(problem) };
}

function isTransient(status: number, problem: Problem | undefined): boolean {
  if (problem !== undefined) return problem.code === "try-again" || problem.code === "too-many-requests";
  return status === 429 || (status >= 502 && status <= 504);
}

function problemFrom(answer: HttpAnswer): Problem | undefined {
  try {
    return problemSchema.parse(jsonOf(answer));
  } catch {
    // Proxies refuse in HTML: the status then has to say it all.
    return undefined;
  }
}

function problemError(problem: Problem): ProblemError {
  return new ProblemError(problem.code, problem.detail, problem.hashes === undefined ? {} : { hashes: problem.hashes });
}

/** RFC 9110 section 10.2.3: seconds, or a date. */
function retryAfter(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined) return undefined;
  const ms = /^\d{1,9}$/.test(value) ? Number(value) * 1000 : Date.parse(value) - nowMs;
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
}

export const withoutQuery = (path: string): string => path.replace(/\?.*$/s, "");
