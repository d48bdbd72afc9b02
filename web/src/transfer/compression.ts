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

/** The library, and what imports it, may never answer when a file does not come. */
const loadMsMax = 15_000;
const trialLevel = 1;
/** As from a device. */
const blockLevel = 3;

export function createCompression(openEncoder = openLibrary): LoadedCompression {
  let encode: Encode | undefined;
  let loading: Promise<void> | undefined;
  let hasFailed = false;
  const load = async (): Promise<void> => {
    try {
      encode = await inTime(openEncoder);
    } catch {
      hasFailed = true;
    }
    if (encode === undefined) loading = undefined;
  };
  return {
    load() {
      loading ??= load();
      // Tried again with each file, but waited for once: where it cannot come, no other file is held up.
      return hasFailed ? Promise.resolve() : loading;
    },
    trial(bytes) {
      const sample = sampleOf(bytes);
      if (encode === undefined || sample.length === 0) return 1;
      return (encoded(encode, sample, trialLevel) ?? sample).length / sample.length;
    },
    compress: async (bytes) => (encode === undefined ? undefined : encoded(encode, bytes, blockLevel)) ?? bytes,
    // A page fetches no blocks.
    decompress: async (bytes) => bytes,
  };
}

/** Undefined when the encoder fails, as when its memory is full: the bytes travel as they are. */
function encoded(encode: Encode, bytes: Uint8Array, level: number): Uint8Array | undefined {
  try {
    return encode(bytes, level);
  } catch {
    return undefined;
  }
}

async function openLibrary(): Promise<Encode> {
  const { init, compress } = await import("@bokuweb/zstd-wasm");
  await init();
  return compress;
}

async function inTime(openEncoder: () => Promise<Encode>): Promise<Encode> {
  const late = new AbortController();
  const isLate = systemClock.sleep(loadMsMax, late.signal).then(() => Promise.reject(new Error("the encoder did not come")));
  try {
    return await Promise.race([openEncoder(), isLate]);
  } finally {
    // Told by the race where it matters.
    isLate.catch(() => undefined);
    late.abort();
  }
}
