/** Calls of a bucket and what it answers, in the form in which they come to the Worker that makes them and leave it. */

/** Bytes of a period that no power of two divides, so that pieces in a wrong place show. */
export type Value = { readonly seed: number; readonly size: number };

export type Call =
  | { readonly method: "put"; readonly key: string; readonly value: Value; readonly streamed?: boolean; readonly options?: object }
  | { readonly method: "get"; readonly key: string; readonly options?: object }
  | { readonly method: "head"; readonly key: string }
  | { readonly method: "delete"; readonly keys: string | string[] }
  | { readonly method: "list"; readonly options?: object }
  /** Lists page by page to the end. */
  | { readonly method: "pages"; readonly options?: object }
  /** An upload in parts, to its end. */
  | { readonly method: "parts"; readonly key: string; readonly values: readonly Value[] }
  /** Puts of one key beside gets of it, each value all of one byte, whose value tells the length. */
  | { readonly method: "race"; readonly key: string; readonly puts: number; readonly gets: number };

/** JSON; of an error its message, of content a digest, and of what no two buckets have in common only what it is. */
export type Answer = unknown;

export function bytesOf({ seed, size }: Value): Uint8Array {
  return Uint8Array.from({ length: size }, (_, index) => (seed + index + Math.floor(index / 251)) % 256);
}
