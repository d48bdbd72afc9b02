/** Inputs made to cost time, and what a first delta of a process costs. */
import { execFileSync } from "node:child_process";
import type { DeltaCodec } from "@ashlar/shared/delta/types";
import { hashBlock } from "@ashlar/client/node/hash";
import { jsonRecords, randomBytes } from "./generated.ts";
import { median, type WorkerdDecoder } from "./workerd.ts";

const size = 4 * 1024 * 1024;

function hostilePairs(): (readonly [string, Uint8Array, Uint8Array])[] {
  const random = randomBytes(size, 1);
  const text = Buffer.from(jsonRecords(size).join("\n")).subarray(0, size);
  const sparse = (every: number) => text.map((byte, at) => (at % every === 0 ? byte ^ 0x15 : byte));
  const inserted = Buffer.alloc(size);
  for (let at = 0, from = 0; at < size; at++) inserted[at] = at % 200 === 0 ? 33 : (text[from++] ?? 0);
  const period = Buffer.alloc(size, "abcdefghijklmnopqrstuvwxyz012345678");
  const zerosAndNoise = Buffer.alloc(size);
  for (let at = 0; at < size; at += 8192) randomBytes(64, at).copy(zerosAndNoise, at);
  return [
    ["a byte changed every 17", text, sparse(17)],
    ["a byte changed every 40", text, sparse(40)],
    ["a byte inserted every 200", text, inserted],
    ["a period, shifted", period, period.subarray(7)],
    ["zeros and noise", zerosAndNoise, zerosAndNoise.subarray(100)],
    ["text onto noise", random, text],
    ["noise onto text", text, random],
  ];
}

export async function showHostile(codec: DeltaCodec, workerd: WorkerdDecoder): Promise<void> {
  console.log("\nhostile input                     frame    make  apply  apply in workerd (ms, hash included)");
  for (const [name, old, next] of hostilePairs()) {
    const make: number[] = [];
    const apply: number[] = [];
    let frame = new Uint8Array();
    for (let round = 0; round < 4; round++) {
      const startedMs = performance.now();
      // A block's hash is part of making a delta of it.
      hashBlock(next);
      frame = codec.encode(next, [{ hash: hashBlock(Buffer.of(round)), bytes: old }]);
      const madeMs = performance.now();
      if (hashBlock(codec.decode(frame, [old])) !== hashBlock(next)) throw new Error(`${name} did not come back`);
      make.push(madeMs - startedMs);
      // One of the two hashes is the check's own.
      apply.push(performance.now() - madeMs);
    }
    const line = [median(make), median(apply), await workerd.measure(frame, old)].map((ms) => ms.toFixed(1).padStart(7)).join("");
    console.log(`${name.padEnd(30)}${String(frame.length).padStart(9)} ${line}`);
  }
}

/** Milliseconds for the module and a first delta in a fresh process: run with this file as the program. */
export function coldStart(): string {
  return execFileSync(process.execPath, [import.meta.filename], { encoding: "utf8" }).trim();
}

if (process.argv[1] === import.meta.filename) {
  const old = randomBytes(size, 1);
  const next = Buffer.from(old);
  next.write("changed", 1_000_000);
  const base = { hash: hashBlock(old), bytes: old };
  const startedMs = performance.now();
  const { deltaCodec } = await import("@ashlar/client/node/delta-codec");
  const codec = deltaCodec();
  const loadedMs = performance.now();
  codec.encode(next, [base]);
  const firstMs = performance.now();
  codec.encode(next, [base]);
  const secondMs = performance.now();
  const [load, first, second] = [loadedMs - startedMs, firstMs - loadedMs, secondMs - firstMs].map((ms) => ms.toFixed(1));
  console.log(`load and compile ${load} ms, first delta ${first} ms, second ${second} ms`);
}
