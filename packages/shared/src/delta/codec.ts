/** Common prefix and suffix with the first base, and the bytes between them. */
import { joinFrame, splitFrame } from "./header.ts";
import { type DeltaCodec, DeltaError } from "./types.ts";

const countBytes = 8;

export function createDeltaCodec(): DeltaCodec {
  return {
    encode({ hash, bytes }, bases) {
      const [base = bytes.subarray(0, 0)] = bases.map((one) => one.bytes);
      const longest = Math.min(base.length, bytes.length);
      let prefix = 0;
      while (prefix < longest && base[prefix] === bytes[prefix]) prefix++;
      let suffix = 0;
      while (suffix < longest - prefix && base[base.length - 1 - suffix] === bytes[bytes.length - 1 - suffix]) suffix++;
      const header = {
        target: hash,
        size: bytes.length,
        bases: bases.map((one) => ({ hash: one.hash, size: one.bytes.length })),
        fromSignature: false,
      };
      return joinFrame(header, bodyOf(prefix, suffix, bytes.subarray(prefix, bytes.length - suffix)));
    },
    sign(bytes) {
      const signature = new Uint8Array(4);
      new DataView(signature.buffer).setUint32(0, bytes.length);
      return signature;
    },
    encodeFromSignatures({ hash, bytes }, bases) {
      const sized = bases.map(({ hash: base, signature }) => {
        if (signature.length !== 4) throw new DeltaError("this is no signature");
        return { hash: base, size: new DataView(signature.buffer, signature.byteOffset).getUint32(0) };
      });
      return joinFrame({ target: hash, size: bytes.length, bases: sized, fromSignature: true }, bodyOf(0, 0, bytes));
    },
    decode(frame, bases) {
      const { header, body } = splitFrame(frame);
      const [base = new Uint8Array(0)] = bases;
      if (bases.length !== header.bases.length || bases.some(({ length }, at) => length !== header.bases[at]?.size)) {
        throw new DeltaError("the bases are others than the frame's");
      }
      if (body.length < countBytes) throw new DeltaError("the frame is cut short");
      const counts = new DataView(body.buffer, body.byteOffset);
      const prefix = counts.getUint32(0);
      const suffix = counts.getUint32(4);
      const literals = body.subarray(countBytes);
      if (prefix > base.length || suffix > base.length || prefix + suffix + literals.length !== header.size) {
        throw new DeltaError("the lengths do not add up");
      }
      const target = new Uint8Array(header.size);
      target.set(base.subarray(0, prefix));
      target.set(literals, prefix);
      target.set(base.subarray(base.length - suffix), prefix + literals.length);
      return target;
    },
  };
}

function bodyOf(prefix: number, suffix: number, literals: Uint8Array): Uint8Array {
  const body = new Uint8Array(countBytes + literals.length);
  const counts = new DataView(body.buffer);
  counts.setUint32(0, prefix);
  counts.setUint32(4, suffix);
  body.set(literals, countBytes);
  return body;
}
