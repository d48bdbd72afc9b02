import { createDeltaCodec } from "@ashlar/shared/delta/codec";
import type { DeltaCodec } from "@ashlar/shared/delta/types";

let codec: DeltaCodec | undefined;

/** The one of this process: it has tables of some megabytes. */
export function deltaCodec(): DeltaCodec {
  codec ??= createDeltaCodec();
  return codec;
}
