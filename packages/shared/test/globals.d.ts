/** What we take of WebAssembly in Node, whose types leave it to those of browsers. */
declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array);
    private readonly compiled: true;
  }
}
