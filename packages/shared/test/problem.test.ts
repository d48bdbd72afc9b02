import { ProblemError, problemOf, problems, problemSchema } from "@ashlar/shared/protocol/problem";
import { expect, test } from "vitest";

const codes = Object.keys(problems) as (keyof typeof problems)[];

test.for(codes)("K18 the refusal %s becomes a document with its code, status and title, that its schema accepts", (code) => {
  const document = problemOf(new ProblemError(code, "what happened", { hashes: ["ab"] }));
  expect(problemSchema.parse(JSON.parse(JSON.stringify(document)))).toEqual({
    type: `https://ashlar.dev/problems/${code}`,
    ...problems[code],
    code,
    detail: "what happened",
    hashes: ["ab"],
  });
  expect(document.status).toBeGreaterThanOrEqual(400);
  expect(document.status).toBeLessThan(600);
});

test("K18 without a detail the error says the title, and the document does not say it twice", () => {
  const error = new ProblemError("over-quota");
  expect(error.message).toBe(problems["over-quota"].title);
  expect(problemOf(error)).not.toHaveProperty("detail");
});

test("K18 a code that the protocol does not have is no problem document", () => {
  expect(problemSchema.safeParse({ ...problemOf(new ProblemError("internal")), code: "out-of-cheese" }).success).toBe(false);
});
