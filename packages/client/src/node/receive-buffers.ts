/**
 * Connections that read into the same memory again and again. A fresh buffer for each read, as Node takes by itself, is
 * memory outside of the heap that only a collection gives back: one of the whole heap for each 64 MiB that arrive.
 */
import { answerHeadBytesMax } from "@ashlar/shared/limits";
import type { OnReadOpts, Socket } from "node:net";
import type { buildConnector } from "undici";
import connectorWith from "undici/lib/core/connect.js";

/**
 * undici keeps views of the pieces of a head until it is whole, and of a body nothing. A piece longer than any head holds
 * the head's end: a field is at least one byte of its name, a colon and the end of the line, of which only the first counts.
 */
const keptBytesMax = 4 * answerHeadBytesMax;
const bufferBytes = 128 * 1024;

/** For connections without TLS, which hands over no more than 16 KiB at a time. */
export function recyclingConnector(timeoutMs: number): buildConnector.connector {
  return (options, callback) => {
    const receiver = new Receiver();
    // Two pieces may wait, so that one does not stop the reading.
    const more = { onread: receiver.onread, highWaterMark: 2 * bufferBytes };
    const connect = connectorWith({ timeout: timeoutMs, ...more });
    connect(options, (...result) => {
      if (result[1] !== null) receiver.socket = result[1];
      callback(...result);
    });
  };
}

/** One connection's memory: what arrives last, and what arrived before that and may not be read yet. */
class Receiver {
  socket: Socket | undefined;
  #filling: Uint8Array = new Uint8Array(bufferBytes);
  #filled: Uint8Array | undefined;
  #handedOver = 0;

  readonly onread: OnReadOpts = {
    /** Asked before the first read and after each. */
    buffer: () => {
      if (this.#handedOver > 0) this.#turn();
      return this.#filling;
    },
    callback: (count, buffer) => {
      const piece = Buffer.from(buffer.buffer, buffer.byteOffset, count);
      const isKept = count <= keptBytesMax;
      this.#handedOver = isKept ? 0 : count;
      return this.socket?.push(isKept ? Buffer.from(piece) : piece) ?? false;
    },
  };

  /** When nothing waits to be read but the last piece, the one before it is done with. */
  #turn(): void {
    const isFree = this.socket?.readableLength === this.#handedOver;
    const next = isFree ? this.#filled : undefined;
    this.#filled = this.#filling;
    this.#filling = next ?? new Uint8Array(bufferBytes);
    this.#handedOver = 0;
  }
}
