/** zstd in WebAssembly, since no browser makes its frames. */
import type { Compression } from "@ashlar/client/ports";
import { sampleOf } from "@ashlar/client/transfer/sample";
import { systemClock } from "../platform/clock.ts";

type Encode = (bytes: Uint8Array, level: number) => Uint8Array;

/** Until it is loaded, and where it cannot be, samples say that nothing shrinks: blocks travel as they are. */
export type LoadedCompression = Compression & {
  /** Resolves when the encoder is here, or is not going to be. */
  load(): Promise<void>;
};

/** The library never answers when its file does not come. */
const loadMsMax = 15_000;
const trialLevel = 1;
/** As from a device. */
const blockLevel = 3;

export function createCompression(): LoadedCompression {
  let encode: Encode | undefined;
  let loading: Promise<void> | undefined;
  const load = async (): Promise<void> => {
    encode = await loadEncoder().catch(() => undefined);
  };
  return {
    load: () => (loading ??= load()),
    trial(bytes) {
      const sample = sampleOf(bytes);
      return encode === undefined || sample.length === 0 ? 1 : encode(sample, trialLevel).length / sample.length;
    },
    compress: async (bytes) => encode?.(bytes, blockLevel) ?? bytes,
    // A page fetches no blocks.
    decompress: async (bytes) => bytes,
  };
}

async function loadEncoder(): Promise<Encode> {
  const { init, compress } = await import("@bokuweb/zstd-wasm");
  const late = new AbortController();
  const isLate = systemClock.sleep(loadMsMax, late.signal).then(() => Promise.reject(new Error("the encoder did not come")));
  try {
    await Promise.race([init(), isLate]);
    return compress;
  } finally {
    // Told by the race where it matters.
    isLate.catch(() => undefined);
    late.abort();
  }
}
