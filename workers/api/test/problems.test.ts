import { ProblemError } from "@ashlar/shared/protocol/problem";
import { expect, test } from "vitest";
import { problemResponse, refusalOf } from "../src/http/problems.ts";

test("H21 a busy or vanished storage is answered try-again with a time, a mistake of ours internal without its text", async () => {
  const busy = [
    new Error("D1_ERROR: D1 DB is overloaded. Requests queued for too long."),
    new Error("D1_ERROR: Network connection lost."),
    new Error("D1_ERROR: storage operation exceeded timeout which caused object to be reset."),
    new Error("put: We encountered an internal error. Please try again. (10001)"),
    new Error("Durable Object reset because its code was updated."),
    Object.assign(new Error("x"), { retryable: true }),
    Object.assign(new Error("x"), { overloaded: true }),
  ];
  for (const error of busy) {
    const response = problemResponse(refusalOf(error));
    expect(response.status).toBe(503);
    expect(Number(response.headers.get("retry-after"))).toBeGreaterThan(0);
  }
  for (const error of [new TypeError("secret detail"), "thrown", null]) {
    const response = problemResponse(refusalOf(error));
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain("secret");
  }
});

test("H21 a refusal tells what happened, which blocks are missing and when to come again", async () => {
  const refusal = new ProblemError("block-missing", "Send it.", { hashes: ["a"], retryAfterS: 3 });
  const response = problemResponse(refusalOf(refusal));
  expect(response.status).toBe(409);
  expect(response.headers.get("retry-after")).toBe("3");
  expect(await response.json()).toMatchObject({ code: "block-missing", detail: "Send it.", hashes: ["a"] });
});
