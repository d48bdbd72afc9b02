import { deltaCodec } from "@ashlar/durable-objects/delta-codec";
import { packBlockBytesMax } from "@ashlar/shared/limits";
import { protocolVersion } from "@ashlar/shared/protocol/version";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { expectProblem, newBlock, newDevice, put, send, type Signed, type TestBlock } from "./support.ts";

const ask = (as: Signed, { hash }: TestBlock) => send("GET", `/v1/blocks/${hash}/signature`, { as });
const bytesOf = async (response: Response) => new Uint8Array(await response.arrayBuffer());

test("Y16 a block's signature is computed for who has the block, large or small, and may be kept for ever", async () => {
  const as = await newDevice();
  for (const block of [newBlock(packBlockBytesMax + 1), newBlock(packBlockBytesMax), newBlock(1)]) {
    await put(as, block);
    const response = await ask(as, block);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("application/octet-stream");
    expect(response.headers.get("cache-control")).toBe("private, immutable, max-age=31536000");
    expect(await bytesOf(response)).toEqual(new Uint8Array(deltaCodec().sign(block.bytes)));
  }
});

test("Y16 a signature comes from the edge cache the next time, and only for who has the block (I2)", async () => {
  const [ada, eve] = [await newDevice(), await newDevice()];
  for (const [key, block] of [packBlockBytesMax + 1, 100].map((size) => [size, newBlock(size)] as const)) {
    await put(ada, block);
    const first = await bytesOf(await ask(ada, block));
    await expect
      .poll(() => caches.default.match(`https://objects.ashlar.internal/${ada.user}/s/${protocolVersion}/${block.hash}`))
      .toBeDefined();
    if (key > packBlockBytesMax) await env.BLOCKS.delete(`b/${block.hash}`);
    const second = await ask(ada, block);
    expect(second.headers.get("content-length")).toBe(String(first.length));
    expect(await bytesOf(second)).toEqual(first);
    const [theirs, nobodys] = [await ask(eve, block), await ask(eve, newBlock(key))];
    expect(await theirs.clone().text()).toBe(await nobodys.clone().text());
    for (const response of [theirs, nobodys]) await expectProblem(response, "not-found");
  }
});

test("Y16 a block that is gone or damaged has no signature", async () => {
  const as = await newDevice();
  const [gone, damaged] = [newBlock(packBlockBytesMax + 1), newBlock(packBlockBytesMax + 1)];
  for (const block of [gone, damaged]) await put(as, block);
  await env.BLOCKS.delete(`b/${gone.hash}`);
  await env.BLOCKS.put(`b/${damaged.hash}`, newBlock(damaged.size).bytes);
  for (const block of [gone, damaged]) await expectProblem(await ask(as, block), "not-found");
  await expectProblem(await send("GET", "/v1/blocks/x/signature", { as }), "not-found");
  await expectProblem(await send("GET", `/v1/blocks/${gone.hash}/signature`), "unauthenticated");
});
