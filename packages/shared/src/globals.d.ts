/**
 * What the pure rooms may take from every runtime alike (Node, workerd, browsers).
 * Anything else is a compile error there: the list is short on purpose, so that a review sees it grow.
 */
declare class TextEncoder {
  encode(text: string): Uint8Array<ArrayBuffer>;
}
declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean });
  decode(bytes: Uint8Array): string;
}
declare function btoa(binary: string): string;
declare function atob(base64: string): string;
