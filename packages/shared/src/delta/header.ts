import { DeltaError, type DeltaHeader } from "./types.ts";

const lengthBytes = 4;

/** The frame's head, and where its body begins. */
export function splitFrame(frame: Uint8Array): { header: DeltaHeader; body: Uint8Array } {
  try {
    const end = lengthBytes + new DataView(frame.buffer, frame.byteOffset, frame.length).getUint32(0);
    const { target, size, bases, fromSignature } = JSON.parse(new TextDecoder().decode(frame.subarray(lengthBytes, end))) as DeltaHeader;
    return {
      header: { target, size, bases: bases.map((base) => ({ hash: base.hash, size: base.size })), fromSignature },
      body: frame.subarray(end),
    };
  } catch (cause) {
    throw new DeltaError("the frame has no header", { cause });
  }
}

export function joinFrame(header: DeltaHeader, body: Uint8Array): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(header));
  const frame = new Uint8Array(lengthBytes + json.length + body.length);
  new DataView(frame.buffer).setUint32(0, json.length);
  frame.set(json, lengthBytes);
  frame.set(body, lengthBytes + json.length);
  return frame;
}

/** Without any of the bases. Throws a DeltaError. */
export function readDeltaHeader(frame: Uint8Array): DeltaHeader {
  return splitFrame(frame).header;
}
