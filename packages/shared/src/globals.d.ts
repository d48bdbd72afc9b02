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
/** What every runtime alike has of WebAssembly: a module is compiled by the host, since workerd compiles none at run time, and started by us. */
declare namespace WebAssembly {
  class Module {
    private readonly compiled: true;
  }
  class Instance {
    constructor(module: Module);
    readonly exports: Readonly<Record<string, unknown>>;
  }
  class Memory {
    private constructor();
    readonly buffer: ArrayBuffer;
  }
}
