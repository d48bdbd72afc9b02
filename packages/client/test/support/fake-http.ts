import type { Http, HttpAnswer, HttpRequest } from "@ashlar/client/edge/http";
import { problemOf, ProblemError, type ProblemCode } from "@ashlar/shared/protocol/problem";

type Reply = HttpAnswer | Error | Promise<HttpAnswer>;
export type Responder = (request: HttpRequest) => Reply;

/** Answers each request by the given function, and keeps what was asked. */
export function fakeHttp(respond: Responder): Http & { readonly requests: HttpRequest[] } {
  const requests: HttpRequest[] = [];
  return {
    requests,
    async request(request) {
      requests.push(request);
      const reply = await respond(request);
      if (reply instanceof Error) throw reply;
      return reply;
    },
  };
}

/** One reply after the other; the last is given again and again. */
export function inTurn(...replies: readonly Reply[]): Responder {
  let next = 0;
  return () => replies[Math.min(next++, replies.length - 1)] ?? new Error("nothing to answer");
}

export function json(value: unknown, status = 200, headers: Record<string, string> = {}): HttpAnswer {
  return { status, headers, body: new TextEncoder().encode(JSON.stringify(value)) };
}

export function refusal(code: ProblemCode, headers: Record<string, string> = {}): HttpAnswer {
  const problem = problemOf(new ProblemError(code));
  return json(problem, problem.status, headers);
}

export const bodyOf = (request: HttpRequest | undefined): unknown => JSON.parse(new TextDecoder().decode(request?.body));
