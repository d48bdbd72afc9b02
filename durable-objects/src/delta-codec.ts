import module from "@ashlar/shared/delta.wasm";
import { createDeltaCodec } from "@ashlar/shared/delta/codec";
import type { DeltaCodec } from "@ashlar/shared/delta/types";

let codec: DeltaCodec | undefined;

/** The one of this isolate: it has tables of some megabytes. */
export function deltaCodec(): DeltaCodec {
  codec ??= createDeltaCodec(module);
  return codec;
}
