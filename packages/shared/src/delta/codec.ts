/**
 * The codec over its WebAssembly core (packages/shared/wasm). The module is handed in compiled, since workerd compiles none at run
 * time: Node reads it from a file, Workers and browsers import it.
 */
import { blockBytesMax } from "../limits.ts";
import { frameOf, parseFrame } from "./frame.ts";
import { writeHead } from "./header.ts";
import { startCore, type Core } from "./core.ts";
import { signedSize } from "./signature.ts";
import { DeltaError, type DeltaBase, type DeltaCodec, type SignedBase } from "./types.ts";

export function createDeltaCodec(module: WebAssembly.Module): DeltaCodec {
  // Started when first needed: many a process never makes a delta.
  let started: Core | undefined;
  const core = (): Core => (started ??= startCore(module));
  return {
    encode: (target, bases) => encode(core(), target, bases),
    sign: (bytes) => sign(core(), bytes),
    encodeFromSignatures: (target, bases) => encodeFromSignatures(core(), target, bases),
    decode: (frame, bases) => decode(core(), frame, bases),
  };
}

function encode(core: Core, target: Uint8Array, bases: readonly DeltaBase[]): Uint8Array<ArrayBuffer> {
  const head = writeHead({
    size: target.length,
    bases: bases.map(({ hash, bytes }) => ({ hash, size: bytes.length })),
    fromSignature: false,
  });
  return frameOf(
    head,
    core.encode(
      bases.map(({ bytes }) => bytes),
      target,
    ),
  );
}

function sign(core: Core, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  if (bytes.length < 1 || bytes.length > blockBytesMax) throw new RangeError(`a block of ${bytes.length} bytes is not 1 byte to 4 MiB`);
  return core.sign(bytes);
}

function encodeFromSignatures(core: Core, target: Uint8Array, bases: readonly SignedBase[]): Uint8Array<ArrayBuffer> {
  const refs = bases.map(({ hash, signature }) => ({ hash, size: signedSize(signature) }));
  const head = writeHead({ size: target.length, bases: refs, fromSignature: true });
  const signatures = bases.map(({ signature }) => signature);
  return frameOf(head, core.encodeFromSignatures(refs, signatures, target));
}

function decode(core: Core, frame: Uint8Array, bases: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const { header, body } = parseFrame(frame);
  if (bases.length !== header.bases.length) throw new DeltaError(`it takes ${header.bases.length} bases, not ${bases.length}`);
  header.bases.forEach(({ size }, index) => {
    if (bases[index]?.length !== size) throw new DeltaError(`base ${index + 1} has ${bases[index]?.length} bytes instead of ${size}`);
  });
  return core.decode(body, bases, header);
}
