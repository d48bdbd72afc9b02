/** Bytes that are made while they are sent. */

/**
 * A body of exactly so many bytes. When they cannot be made, or are others in number, the connection breaks off before its announced
 * end, which no client takes for the whole. Nothing more is made once the client has gone.
 */
export function streamOf(parts: AsyncGenerator<Uint8Array, void, undefined>, length: number): ReadableStream {
  const { readable, writable } = new FixedLengthStream(length);
  void pump(parts, writable);
  return readable;
}

async function pump(parts: AsyncGenerator<Uint8Array, void, undefined>, writable: WritableStream<Uint8Array>): Promise<void> {
  const writer = writable.getWriter();
  try {
    for await (const part of parts) await writer.write(part);
    await writer.close();
  } catch (error) {
    // A client that has left is no mistake of anybody's, and then this changes nothing.
    console.warn("a body ended early", error);
    await writer.abort(error).catch(() => undefined);
  }
}
