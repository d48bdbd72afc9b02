/** The commit's binary body, see `protocol/commit.ts`. */
import { type CommitHead } from "./protocol/commit.ts";

const lengthBytes = 4;

export function encodeCommitBody(head: CommitHead, inline: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const json = new TextEncoder().encode(JSON.stringify(head));
  const body = new Uint8Array(lengthBytes + json.length + inline.reduce((total, block) => total + block.length, 0));
  new DataView(body.buffer).setUint32(0, json.length);
  body.set(json, lengthBytes);
  let at = lengthBytes + json.length;
  for (const block of inline) {
    body.set(block, at);
    at += block.length;
  }
  return body;
}

/** The head as unparsed JSON and the rest. Throws a RangeError if the body is shorter than it says, a SyntaxError if it is not JSON. */
export function splitCommitBody(body: Uint8Array): { head: unknown; rest: Uint8Array } {
  if (body.length < lengthBytes) throw new RangeError("the body is cut short");
  const jsonBytes = new DataView(body.buffer, body.byteOffset).getUint32(0);
  const end = lengthBytes + jsonBytes;
  if (end > body.length) throw new RangeError("the body is cut short");
  const head: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body.subarray(lengthBytes, end)));
  return { head, rest: body.subarray(end) };
}
