import { createCaller, parsed } from "@ashlar/client/edge/caller";
import { UnreachableError } from "@ashlar/client/ports";
import { requestAttemptsMax, retryAfterMsMax } from "@ashlar/shared/limits";
import { checkResponseSchema } from "@ashlar/shared/protocol/block";
import { problemOf, ProblemError } from "@ashlar/shared/protocol/problem";
import { protocolVersion, versionHeader } from "@ashlar/shared/protocol/version";
import { expect, test } from "vitest";
import { chanceAt, hastyClock } from "../support/clocks.ts";
import { fakeHttp, inTurn, json, refusal, type Responder } from "../support/fake-http.ts";

function callerOn(respond: Responder, chance = 0.999) {
  const http = fakeHttp(respond);
  const clock = hastyClock();
  return { http, clock, call: createCaller({ http, clock, random: chanceAt(chance) }) };
}

const html = (status: number) => ({ status, headers: {}, body: new TextEncoder().encode("<html>") });

test.for([
  ["a lost connection", new Error("ECONNRESET")],
  ["status 502", html(502)],
  ["status 503", html(503)],
  ["status 504", html(504)],
  ["try-again", refusal("try-again")],
  ["too-many-requests", refusal("too-many-requests")],
] as const)("N1 a request that meets %s is sent again until it is answered", async ([, fault]) => {
  const { http, call } = callerOn(inTurn(fault, fault, json({ ok: true })));
  await expect(call({ method: "GET", path: "/v1/x" })).resolves.toMatchObject({ status: 200 });
  expect(http.requests).toHaveLength(3);
});

test("N1 a failure is told after five tries, with waits anywhere below 0.5 s, 1 s, 2 s and 4 s", async () => {
  for (const [chance, waits] of [
    [0.99999, [499, 999, 1999, 3999]],
    [0.5, [250, 500, 1000, 2000]],
    [0, [0, 0, 0, 0]],
  ] as const) {
    const { http, clock, call } = callerOn(() => new Error("no route"), chance);
    await expect(call({ method: "GET", path: "/v1/x" })).rejects.toThrow(UnreachableError);
    expect(http.requests).toHaveLength(requestAttemptsMax);
    expect(clock.sleeps).toEqual(waits);
  }
});

test("N2 the wait that the server asks for is sat out", async () => {
  const { clock, call } = callerOn(inTurn(refusal("try-again", { "retry-after": "7" }), json({})));
  await call({ method: "GET", path: "/v1/x" });
  expect(clock.sleeps).toEqual([7000]);
});

test("N2 a wait of more than 30 s is told instead, as seconds or as a date", async () => {
  const tooLongS = retryAfterMsMax / 1000 + 1;
  const asDate = new Date(hastyClock().now() + tooLongS * 1000).toUTCString();
  for (const value of [String(tooLongS), asDate]) {
    const { http, call } = callerOn(() => refusal("too-many-requests", { "retry-after": value }));
    await expect(call({ method: "GET", path: "/v1/x" })).rejects.toMatchObject({ name: "UnreachableError", retryAfterMs: tooLongS * 1000 });
    expect(http.requests).toHaveLength(1);
  }
});

test("N2 a wait that cannot be read counts as none", async () => {
  const { clock, call } = callerOn(inTurn(refusal("try-again", { "retry-after": "soon" }), json({})), 0);
  await call({ method: "GET", path: "/v1/x" });
  expect(clock.sleeps).toEqual([0]);
});

test("N3 a refusal is told with its code, its detail and its hashes, and not asked again", async () => {
  const error = new ProblemError("block-missing", "two blocks were never sent", { hashes: ["aa", "bb"] });
  const { http, call } = callerOn(() => json(problemOf(error), 409));
  const failure = call({ method: "POST", path: "/v1/commits" });
  await expect(failure).rejects.toThrow(ProblemError);
  await expect(failure).rejects.toMatchObject({ code: "block-missing", message: "two blocks were never sent", hashes: ["aa", "bb"] });
  expect(http.requests).toHaveLength(1);
});

test.for([200, 302, 404, 500])(
  "N4 an answer of status %i that is not of the protocol says that no Ashlar server was met",
  async (status) => {
    const { http, call } = callerOn(() => html(status));
    const path = "/v1/blocks/b?sig=secret";
    const ask = async () => parsed(checkResponseSchema, path, await call({ method: "GET", path }));
    await expect(ask()).rejects.toThrow(/\/v1\/blocks\/b \(status \d+\) is not an Ashlar server/);
    await expect(ask()).rejects.toThrow(UnreachableError);
    expect(http.requests).toHaveLength(2);
  },
);

test.for(["{", "null", '{"states":["maybe"]}', '{"states":"have"}', "\xff"])("N4 the answer %j is not believed", (text) => {
  const answer = { status: 200, headers: {}, body: Buffer.from(text, "latin1") };
  expect(() => parsed(checkResponseSchema, "/v1/blocks/check", answer)).toThrow(UnreachableError);
});

test("N5 an answer that is too long is told, and not asked for again", async () => {
  const { http, call } = callerOn(() => new RangeError("more than 10 bytes"));
  await expect(call({ method: "GET", path: "/v1/x", answerBytesMax: 10 })).rejects.toThrow(/longer than any answer/);
  expect(http.requests.map(({ answerBytesMax }) => answerBytesMax)).toEqual([10]);
});

test("N8 an abort ends a request with its reason, and begins no other", async () => {
  const stop = new AbortController();
  const { http, call } = callerOn(() => {
    stop.abort(new Error("enough"));
    return new Error("torn down");
  });
  await expect(call({ method: "GET", path: "/v1/x", signal: stop.signal })).rejects.toThrow("enough");
  await expect(call({ method: "GET", path: "/v1/x", signal: stop.signal })).rejects.toThrow("enough");
  expect(http.requests).toHaveLength(1);
});

test("N9 every request says which version of the protocol it speaks", async () => {
  const { http, call } = callerOn(() => json({}));
  await call({ method: "PUT", path: "/v1/x", headers: { a: "b" }, body: Uint8Array.of(1) });
  expect(http.requests[0]?.headers).toEqual({ a: "b", [versionHeader]: String(protocolVersion) });
});

test("N19 what must not happen twice is sent once", async () => {
  const { http, call } = callerOn(() => new Error("ECONNRESET"));
  await expect(call({ method: "POST", path: "/v1/account", once: true })).rejects.toThrow(UnreachableError);
  expect(http.requests).toHaveLength(1);
});
