import { createDeltaCodec } from "@ashlar/shared/delta/codec";
import type { DeltaCodec } from "@ashlar/shared/delta/types";
import module from "@ashlar/shared/delta.wasm";

let codec: DeltaCodec | undefined;

/** The one of this process: it has tables of some megabytes. */
export function deltaCodec(): DeltaCodec {
  codec ??= createDeltaCodec(module);
  return codec;
}
