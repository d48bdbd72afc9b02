import { blockHashSchema, newId, nodeIdSchema, rootId, type NodeId } from "@ashlar/shared/ids";
import {
  blockBytesMax,
  checkHashesMax,
  commitOpsMax,
  fileBytesMax,
  locateHashesMax,
  packBlockBytesMax,
  passwordCharsMax,
  passwordCharsMin,
  sendingHashesMax,
} from "@ashlar/shared/limits";
import { credentialsSchema } from "@ashlar/shared/protocol/account";
import { checkRequestSchema, checkResponseSchema, locateRequestSchema } from "@ashlar/shared/protocol/block";
import { deviceMessageSchema } from "@ashlar/shared/protocol/change";
import { commitHeadSchema } from "@ashlar/shared/protocol/commit";
import { expect, test } from "vitest";

const hash = "ab".repeat(32);
const id = (letter: string) => letter.repeat(22);
const remove = { op: "delete", opId: id("o"), node: id("n"), baseRev: 1 };
const update = { op: "update", opId: id("o"), node: id("n"), baseRev: 1, manifest: "", size: 0, mtimeMs: 0, mode: 0o644 };
const list = <Item>(length: number, item: Item): Item[] => Array.from({ length }, () => item);
const accepts = (schema: { safeParse(data: unknown): { success: boolean } }, data: unknown) => schema.safeParse(data).success;
const acceptsPassword = (count: number) => accepts(credentialsSchema, { email: "a@example.org", password: "x".repeat(count), device: "d" });
const acceptsMode = (mode: number) => accepts(commitHeadSchema, { ops: [{ ...update, mode }], inline: [] });

test("K19 a request with a field that the protocol does not know is refused, an answer's is dropped", () => {
  expect(accepts(checkRequestSchema, { blocks: [{ hash, size: 1 }] })).toBe(true);
  expect(accepts(checkRequestSchema, { blocks: [{ hash, size: 1, more: 1 }] })).toBe(false);
  expect(accepts(checkRequestSchema, { blocks: [{ hash, size: 1 }], more: 1 })).toBe(false);
  expect(accepts(commitHeadSchema, { ops: [{ ...remove, more: 1 }], inline: [] })).toBe(false);
  expect(checkResponseSchema.parse({ states: ["have"], more: 1 })).toEqual({ states: ["have"] });
});

test.for([
  ["the operations of a commit", commitOpsMax, (count: number) => accepts(commitHeadSchema, { ops: list(count, remove), inline: [] })],
  ["the hashes of a check", checkHashesMax, (count: number) => accepts(checkRequestSchema, { blocks: list(count, { hash, size: 1 }) })],
  [
    "the hashes that a device tells of",
    sendingHashesMax,
    (count: number) => accepts(deviceMessageSchema, { type: "sending", hashes: list(count, hash) }),
  ],
  ["the hashes to locate", locateHashesMax, (count: number) => accepts(locateRequestSchema, { hashes: list(count, hash) })],
] as const)("K20 %s are 1 to %i: at each limit, and one past it", ([, most, accepted]) => {
  expect([0, 1, most, most + 1].map(accepted)).toEqual([false, true, true, false]);
});

test.for([
  ["a block", blockBytesMax, 1, (size: number) => accepts(checkRequestSchema, { blocks: [{ hash, size }] })],
  ["an inline block", packBlockBytesMax, 1, (size: number) => accepts(commitHeadSchema, { ops: [remove], inline: [{ hash, size }] })],
  ["a file", fileBytesMax, 0, (size: number) => accepts(commitHeadSchema, { ops: [{ ...update, size }], inline: [] })],
] as const)("K20 the size of %s is at most %i bytes: at each limit, and one past it", ([, most, least, accepted]) => {
  expect([least - 1, least, most, most + 1].map(accepted)).toEqual([false, true, true, false]);
});

test("K20 a password has 8 to 256 characters: at each limit, and one past it", () => {
  expect([passwordCharsMin - 1, passwordCharsMin, passwordCharsMax, passwordCharsMax + 1].map(acceptsPassword)).toEqual([
    false,
    true,
    true,
    false,
  ]);
});

test("K20 a mode is permission bits only", () => {
  expect([-1, 0, 0o777, 0o1000].map(acceptsMode)).toEqual([false, true, true, false]);
});

test("K21 an id is 22 characters of base64url and a hash 64 lower-case hexadecimal digits, and nothing else", () => {
  expect(accepts(nodeIdSchema, rootId)).toBe(true);
  for (const text of ["", id("a").slice(1), `${id("a")}a`, `${id("a").slice(1)}/`, `${id("a")}\n`])
    expect(accepts(nodeIdSchema, text)).toBe(false);
  expect(accepts(blockHashSchema, hash)).toBe(true);
  for (const text of ["", hash.slice(1), `${hash}a`, hash.toUpperCase(), `${hash}\n`]) expect(accepts(blockHashSchema, text)).toBe(false);
});

test("K21 a new id is 128 random bits", () => {
  expect(newId<NodeId>((count) => new Uint8Array(count).fill(0xff))).toBe("_".repeat(21) + "w");
});
