import { expect, it } from "vitest";
import { missingSecrets } from "../deploy/secrets.ts";
import { readTool } from "../local/run-tool.ts";

it("O14 a deploy names the secrets that are not there", () => {
  const list = '[\n  { "name": "TOKEN_KEY", "type": "secret_text" }\n]';
  expect(missingSecrets(list, ["TOKEN_KEY", "URL_KEY"])).toEqual(["URL_KEY"]);
  expect(missingSecrets(`a notice\n${list}\n`, ["TOKEN_KEY"])).toEqual([]);
  expect(missingSecrets("[]", ["TOKEN_KEY"])).toEqual(["TOKEN_KEY"]);
});

it("O14 wrangler knows every command that a deploy runs", () => {
  for (const command of [["d1", "migrations", "apply"], ["secret", "list"], ["secret", "put"], ["deploy"]])
    expect(readTool("wrangler", [...command, "--help"])).toMatchObject({ code: 0 });
});
