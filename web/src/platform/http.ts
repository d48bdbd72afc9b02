/** {@link Http} by the browser's own fetch, to the origin that served the page. */
import type { Http } from "@ashlar/client/edge/http";

/** From here on a body travels as a Blob: the browser then streams it, instead of copying it between processes. */
const blobBytesMin = 64 * 1024;

export const browserHttp: Http = {
  async request({ method, path, headers, body, answerBytesMax, signal }) {
    const response = await fetchOrSay(path, {
      method,
      headers,
      redirect: "error",
      credentials: "same-origin",
      cache: "no-store",
      ...(body !== undefined && { body: bodyOf(body) }),
      ...(signal !== undefined && { signal }),
    });
    const announced = Number(response.headers.get("content-length") ?? 0);
    if (announced > answerBytesMax) throw new RangeError(`${announced} bytes`);
    const bytes = new Uint8Array(await response.arrayBuffer());
    if (bytes.length > answerBytesMax) throw new RangeError(`${bytes.length} bytes`);
    return { status: response.status, headers: Object.fromEntries(response.headers), body: bytes };
  },
};

/** Of whatever goes wrong on the way, browsers say “Failed to fetch” and the like. */
async function fetchOrSay(path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(path, init);
  } catch (cause) {
    if (cause instanceof TypeError) throw new Error("check your connection, and try again.", { cause });
    throw cause;
  }
}

function bodyOf(bytes: Uint8Array): BodyInit {
  const own = bytes.slice();
  return own.length < blobBytesMin ? own : new Blob([own]);
}
