/** One call to the edge, as often as it takes and is allowed. */
import { answerBytesMax, requestAttemptsMax, retryAfterMsMax } from "@ashlar/shared/limits";
import { protocolVersion, versionHeader } from "@ashlar/shared/protocol/version";
import { type Clock, type RandomBytes, UnreachableError } from "../ports.ts";
import { foreignAnswer, jsonOf, type Outcome, outcomeOf, withoutQuery } from "./answer.ts";
import { fullJitterMs } from "./backoff.ts";
import type { Http, HttpAnswer, HttpRequest } from "./http.ts";

export type Call = {
  readonly method: HttpRequest["method"];
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** How long the answer may be; {@link answerBytesMax} if nothing is said. */
  readonly answerBytesMax?: number;
  /** See {@link HttpRequest}. */
  readonly into?: Uint8Array | undefined;
  /** The call does something anew each time it arrives (a sign-up makes a device), so it is sent once only. */
  readonly once?: boolean;
  readonly signal?: AbortSignal | undefined;
};

/** Resolves with an answer of status 2xx. Rejects with ProblemError, UnreachableError or the signal's reason. */
export type Caller = (call: Call) => Promise<HttpAnswer>;

export type CallerOptions = { readonly http: Http; readonly clock: Clock; readonly random: RandomBytes };

export function createCaller(options: CallerOptions): Caller {
  const { clock, random } = options;
  return async (call) => {
    for (let attempt = 1; ; attempt++) {
      const outcome = await attemptOnce(options, call);
      switch (outcome.type) {
        case "answer":
          return outcome.answer;
        case "refused":
          throw outcome.error;
        case "unavailable": {
          const { retryAfterMs = 0 } = outcome.error;
          if (call.once === true || attempt === requestAttemptsMax || retryAfterMs > retryAfterMsMax) throw outcome.error;
          await clock.sleep(Math.max(retryAfterMs, fullJitterMs(attempt, random)), call.signal);
        }
      }
    }
  };
}

async function attemptOnce({ http, clock }: CallerOptions, call: Call): Promise<Outcome> {
  call.signal?.throwIfAborted();
  try {
    const answer = await http.request({
      method: call.method,
      path: call.path,
      headers: { ...call.headers, [versionHeader]: String(protocolVersion) },
      body: call.body,
      answerBytesMax: call.answerBytesMax ?? answerBytesMax,
      into: call.into,
      signal: call.signal,
    });
    return outcomeOf(call.path, answer, clock.now());
  } catch (error) {
    call.signal?.throwIfAborted();
    return failure(call.path, error);
  }
}

function failure(path: string, cause: unknown): Outcome {
  if (cause instanceof RangeError) {
    const message = `The answer of ${withoutQuery(path)} is longer than any answer may be: ${cause.message}`;
    return { type: "refused", error: new UnreachableError(message, { cause }) };
  }
  const why = cause instanceof Error ? reasonOf(cause) : String(cause);
  return { type: "unavailable", error: new UnreachableError(`The server cannot be reached: ${why}`, { cause }) };
}

/** What TLS says of a server without it names nothing that a person knows. */
function reasonOf(error: Error): string {
  const isNoTls = "code" in error && String(error.code).startsWith("ERR_SSL");
  return isNoTls ? "it does not speak https. Is http:// meant?" : error.message;
}

/** What a schema of the protocol makes of an answer; rejects an answer that does not fit it. */
export function parsed<Value>(schema: { parse(data: unknown): Value }, path: string, answer: HttpAnswer): Value {
  try {
    return schema.parse(jsonOf(answer));
  } catch (error) {
    throw foreignAnswer(path, answer, error);
  }
}

export const jsonBody = (value: unknown) => ({
  headers: { "content-type": "application/json" },
  body: new TextEncoder().encode(JSON.stringify(value)),
});
