/** Our codec over one input: sizes and medians. */
import type { DeltaBase, DeltaCodec } from "@ashlar/shared/delta/types";
import { hashBlock } from "@ashlar/client/node/hash";
import type { Pair } from "./inputs.ts";
import { median, type WorkerdDecoder } from "./workerd.ts";

export type Ours = {
  readonly frameBytes: number;
  /** Of the frame, what is neither a hash nor a size. */
  readonly bodyBytes: number;
  readonly encodeMs: number;
  readonly decodeMs: number;
  readonly workerdMs: number;
  readonly signatureBytes: number;
  readonly signMs: number;
  readonly signedBytes: number;
  readonly signedMs: number;
};

const hashBytes = 32;
const sizesAndMarkBytes = 7;
const rounds = 5;

function timed<Result>(work: () => Result): { result: Result; ms: number } {
  const rest: number[] = [];
  let result = work();
  for (let round = 0; round < rounds; round++) {
    const startedMs = performance.now();
    result = work();
    rest.push(performance.now() - startedMs);
  }
  return { result, ms: median(rest) };
}

export async function measureOurs(codec: DeltaCodec, pair: Pair, workerd: WorkerdDecoder): Promise<Ours> {
  const base: DeltaBase = { hash: hashBlock(pair.old), bytes: pair.old };
  // The hash of the new bytes is part of making a delta, that of the old ones was made when they were new.
  const encoded = timed(() => {
    hashBlock(pair.new);
    return codec.encode(pair.new, [base]);
  });
  const decoded = timed(() => hashBlock(codec.decode(encoded.result, [pair.old])));
  if (decoded.result !== hashBlock(pair.new)) throw new Error(`${pair.name} did not come back`);
  const signed = timed(() => codec.sign(pair.old));
  const from = timed(() => codec.encodeFromSignatures(pair.new, [{ hash: base.hash, signature: signed.result }]));
  if (hashBlock(codec.decode(from.result, [pair.old])) !== hashBlock(pair.new))
    throw new Error(`${pair.name} did not come back from its signature`);
  return {
    frameBytes: encoded.result.length,
    bodyBytes: encoded.result.length - hashBytes - sizesAndMarkBytes,
    encodeMs: encoded.ms,
    decodeMs: decoded.ms,
    workerdMs: await workerd.measure(encoded.result, pair.old),
    signatureBytes: signed.result.length,
    signMs: signed.ms,
    signedBytes: from.result.length,
    signedMs: from.ms,
  };
}
