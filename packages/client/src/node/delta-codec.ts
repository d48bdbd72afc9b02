import { createDeltaCodec } from "@ashlar/shared/delta/codec";
import type { DeltaCodec } from "@ashlar/shared/delta/types";
import { loadDeltaModule } from "./delta-module.ts";

let codec: DeltaCodec | undefined;

/** The one of this process: it has tables of some megabytes. */
export function deltaCodec(): DeltaCodec {
  codec ??= createDeltaCodec(loadDeltaModule());
  return codec;
}
