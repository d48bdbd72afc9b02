import { toHex } from "@ashlar/shared/encoding";
import * as account from "@ashlar/shared/protocol/account";
import * as block from "@ashlar/shared/protocol/block";
import * as change from "@ashlar/shared/protocol/change";
import * as commit from "@ashlar/shared/protocol/commit";
import * as content from "@ashlar/shared/protocol/content";
import * as deviceCode from "@ashlar/shared/protocol/device-code";
import * as history from "@ashlar/shared/protocol/history";
import * as insights from "@ashlar/shared/protocol/insights";
import * as problem from "@ashlar/shared/protocol/problem";
import * as search from "@ashlar/shared/protocol/search";
import * as share from "@ashlar/shared/protocol/share";
import * as tree from "@ashlar/shared/protocol/tree";
import * as usage from "@ashlar/shared/protocol/usage";
import { protocolVersion, protocolVersionMin } from "@ashlar/shared/protocol/version";
import { expect, test } from "vitest";
import * as z from "zod/mini";
import { sha256 } from "./support/sha256.ts";

/** Every message of the protocol as JSON Schema, under its name. */
function messages(): string {
  const schemas = Object.entries({
    ...account,
    ...block,
    ...change,
    ...commit,
    ...content,
    ...deviceCode,
    ...history,
    ...insights,
    ...problem,
    ...search,
    ...share,
    ...tree,
    ...usage,
  }).filter(([name]) => name.endsWith("Schema"));
  const described = schemas
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, schema]) => [name, z.toJSONSchema(schema as z.ZodMiniType, { io: "input" })]);
  return JSON.stringify(described);
}

test("K17 a changed message is a new version of the protocol", () => {
  const pinned = { version: protocolVersion, messages: toHex(sha256(new TextEncoder().encode(messages()))) };
  // When this fails: raise the version and write its line of history, unless no version with the old messages was ever released.
  expect(pinned).toEqual({ version: 1, messages: "635fc46a62cb54ea419416c9dd1a86ee34f9e4c76c5ab13393575de57fefcbfc" });
});

test("K17 the oldest version spoken is not newer than the newest", () => {
  expect(protocolVersionMin).toBeLessThanOrEqual(protocolVersion);
});
