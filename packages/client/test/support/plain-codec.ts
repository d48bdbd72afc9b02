import { deltaCodec } from "@ashlar/client/node/delta-codec";
import type { DeltaCodec } from "@ashlar/shared/delta/types";

const codec = deltaCodec();

/** The codec, but for signatures: they are the bytes themselves, so that every edit's delta is as short from one as from the other. */
export const plainCodec: DeltaCodec = {
  encode: (target, bases) => codec.encode(target, bases),
  sign: (bytes) => bytes.slice(),
  encodeFromSignatures: (target, bases) =>
    codec.encode(
      target,
      bases.map(({ hash, signature }) => ({ hash, bytes: signature })),
    ),
  decode: (frame, bases) => codec.decode(frame, bases),
};
