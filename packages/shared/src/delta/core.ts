/** The WebAssembly core's exports as typed calls: what goes into its memory where, and what comes out. */
import type { Body } from "./frame.ts";
import { totalBytes } from "./header.ts";
import { DeltaError, type DeltaHeader } from "./types.ts";

type Exports = {
  readonly memory: WebAssembly.Memory;
  /** Makes room for bases and target together. False when the host has no memory. */
  reserve(bytes: number): number;
  dataAt(): number;
  targetAt(bases: number): number;
  bodyAt(): number;
  rawOutAt(): number;
  signaturesAt(): number;
  setBase(index: number, start: number, bytes: number): void;
  encode(bases: number, target: number): number;
  sign(bytes: number): number;
  encodeFromSignatures(baseCount: number, bases: number, target: number): number;
  decode(bases: number, target: number, stream: number, raw: number, coding: number, known: number): number;
  streamBytes(): number;
  rawBytes(): number;
  coding(): number;
};

/** By the number that `decode` answers. */
const faults: Readonly<Record<number, string>> = {
  1: "its literals reach past the target",
  2: "it has too many operations",
  3: "a copy reaches past the target",
  4: "a copy from the target begins outside of what is made",
  5: "a copy reaches out of its bases",
  6: "its literals are cut short",
  7: "its stream does not end where it should",
  8: "it has more literals than it uses",
  9: "it has too many differences",
  10: "its marks are none or too many",
  11: "a copy of an unknown kind",
};

export type Core = ReturnType<typeof startCore>;

export function startCore(module: WebAssembly.Module) {
  const core = new WebAssembly.Instance(module).exports as unknown as Exports;
  const at = { data: core.dataAt(), body: core.bodyAt(), raw: core.rawOutAt(), signatures: core.signaturesAt() };
  let baseCount = 0;
  let baseBytes = 0;
  let targetBytes = 0;

  /** Bases one after the other, and after them the target. Growth detaches older views, so each call makes its own. */
  const layOut = (bases: readonly { readonly size: number }[], target: number): Uint8Array => {
    baseCount = bases.length;
    baseBytes = totalBytes(bases);
    targetBytes = target;
    if (core.reserve(baseBytes + targetBytes) === 0) throw new RangeError("no memory for a delta");
    let start = 0;
    bases.forEach(({ size }, index) => {
      core.setBase(index, start, size);
      start += size;
    });
    return new Uint8Array(core.memory.buffer);
  };
  const view = () => new Uint8Array(core.memory.buffer);
  /** Views into the memory: good until the next call. */
  const body = (): Body => {
    const coding = core.coding();
    return {
      mode: coding & 255,
      tableBits: (coding >> 8) & 255,
      learned: (coding >> 16) & 255,
      differences: coding >>> 24 !== 0,
      stream: view().subarray(at.body, at.body + core.streamBytes()),
      raw: view().subarray(at.raw, at.raw + core.rawBytes()),
    };
  };

  return {
    encode(bases: readonly Uint8Array[], target: Uint8Array): Body {
      const memory = layOut(sizesOf(bases), target.length);
      fill(memory, bases, at.data);
      memory.set(target, core.targetAt(baseBytes));
      core.encode(baseBytes, targetBytes);
      return body();
    },
    sign(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
      layOut([], bytes.length).set(bytes, at.data);
      const length = core.sign(bytes.length);
      return view().slice(at.body, at.body + length);
    },
    /** The bases' place stays empty: their bytes are not known. */
    encodeFromSignatures(bases: readonly { readonly size: number }[], signatures: readonly Uint8Array[], target: Uint8Array): Body {
      const memory = layOut(bases, target.length);
      memory.set(target, core.targetAt(baseBytes));
      fill(memory, signatures, at.signatures);
      core.encodeFromSignatures(baseCount, baseBytes, targetBytes);
      return body();
    },
    decode(
      { mode, tableBits, learned, differences, stream, raw }: Body,
      bases: readonly Uint8Array[],
      header: DeltaHeader,
    ): Uint8Array<ArrayBuffer> {
      const memory = layOut(sizesOf(bases), header.size);
      fill(memory, bases, at.data);
      fill(memory, [stream, raw], at.body);
      const coding = mode | (tableBits << 8) | (learned << 16) | (differences ? 1 << 24 : 0);
      const fault = core.decode(baseBytes, targetBytes, stream.length, raw.length, coding, header.fromSignature ? 0 : 1);
      if (fault !== 0) throw new DeltaError(faults[fault] ?? "it is malformed");
      const made = core.targetAt(baseBytes);
      return view().slice(made, made + header.size);
    },
  };
}

function fill(memory: Uint8Array, parts: readonly Uint8Array[], from: number): void {
  let place = from;
  for (const part of parts) {
    memory.set(part, place);
    place += part.length;
  }
}

const sizesOf = (bases: readonly Uint8Array[]) => bases.map(({ length }) => ({ size: length }));
