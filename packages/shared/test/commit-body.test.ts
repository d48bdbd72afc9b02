import { encodeCommitBody, splitCommitBody } from "@ashlar/shared/commit-body";
import { toHex } from "@ashlar/shared/encoding";
import { blockHashSchema, nodeIdSchema, opIdSchema, rootId } from "@ashlar/shared/ids";
import type { CommitHead } from "@ashlar/shared/protocol/commit";
import * as fc from "fast-check";
import { expect, test } from "vitest";

const head: CommitHead = {
  ops: [
    {
      op: "mkdir",
      opId: opIdSchema.parse("o".repeat(22)),
      node: nodeIdSchema.parse("n".repeat(22)),
      parent: rootId,
      name: "Grüße",
      mode: 0o755,
    },
  ],
  inline: [{ hash: blockHashSchema.parse("ab".repeat(32)), size: 2 }],
};

test("K13 a commit's body is the head's length, the head as JSON, and the blocks", () => {
  const json = new TextEncoder().encode(JSON.stringify(head));
  const body = encodeCommitBody(head, [Uint8Array.of(0xca, 0xfe)]);
  expect(toHex(body)).toBe(`${json.length.toString(16).padStart(8, "0")}${toHex(json)}cafe`);
});

test("K13 head and blocks come back from the body, wherever it lies in its buffer", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 50 }), { maxLength: 5 }), fc.nat(9), (blocks, before) => {
      const body = encodeCommitBody(head, blocks);
      const padded = new Uint8Array(before + body.length + 3);
      padded.set(body, before);
      const split = splitCommitBody(padded.subarray(before, before + body.length));
      expect(split.head).toEqual(head);
      expect([...split.rest]).toEqual(blocks.flatMap((block) => [...block]));
    }),
  );
});

test("K14 a body cut anywhere in its head is refused", () => {
  const body = encodeCommitBody(head, []);
  for (let length = 0; length < body.length; length++) expect(() => splitCommitBody(body.subarray(0, length))).toThrow(RangeError);
});

test("K14 a head that is not JSON in UTF-8 is refused", () => {
  expect(() => splitCommitBody(Uint8Array.of(0, 0, 0, 1, 0x7b))).toThrow(SyntaxError);
  expect(() => splitCommitBody(Uint8Array.of(0, 0, 0, 3, 0x22, 0xff, 0x22))).toThrow(TypeError);
});

test("K14 a length beyond the body is refused, up to the largest", () => {
  expect(() => splitCommitBody(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x7b, 0x7d))).toThrow(RangeError);
});
