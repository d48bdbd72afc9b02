/** What of a commit goes along with its push. */
import { pushInlineBytesMax } from "@ashlar/shared/limits";
import { expect, test } from "vitest";
import { choosePush } from "../src/control/push-content.ts";
import { newBlock, type TestBlock } from "./support.ts";
import { large } from "./commit-support.ts";

const hashes = (push: ReturnType<typeof choosePush>) => [
  push.pushInline.map(({ hash }) => hash),
  push.pushDeltas.map(({ target }) => target),
];
const received = (block: TestBlock, frameBytes: number) => ({ block, bytes: block.bytes, frame: new Uint8Array(frameBytes) });

test("Y12 the smallest of blocks and frames are pushed, up to 64 KiB, and of a small block its shorter form", () => {
  const half = pushInlineBytesMax / 2;
  const [first, second, tiny] = [newBlock(half), newBlock(half), newBlock(1)];
  expect(hashes(choosePush([first, second], []))).toEqual([[first.hash, second.hash], []]);
  expect(hashes(choosePush([first, second, tiny], []))).toEqual([[first.hash, tiny.hash], []]);
  expect(hashes(choosePush([first], [received(second, 100)]))).toEqual([[first.hash], [second.hash]]);
  expect(hashes(choosePush([], [received(tiny, 100), received(large(), pushInlineBytesMax - 1)]))).toEqual([
    [tiny.hash],
    [expect.any(String)],
  ]);
  expect(hashes(choosePush([], [received(tiny, 100), received(large(), pushInlineBytesMax)]))).toEqual([[tiny.hash], []]);
});
