import { expect, it } from "vitest";
import { missingNames } from "../deploy/missing.ts";

it("O14 a deploy sees which secrets and databases are not there", () => {
  const list = '[\n  { "name": "TOKEN_KEY", "type": "secret_text" }\n]';
  expect(missingNames(list, ["TOKEN_KEY", "URL_KEY"])).toEqual(["URL_KEY"]);
  expect(missingNames(`[WARNING] a notice\n${list}\n`, ["TOKEN_KEY"])).toEqual([]);
  expect(missingNames("[]", ["TOKEN_KEY"])).toEqual(["TOKEN_KEY"]);
});
