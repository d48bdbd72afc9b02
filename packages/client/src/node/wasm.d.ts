/** Compiled: what `npm ci` builds for Node. */
declare module "@ashlar/shared/delta.wasm" {
  const module: WebAssembly.Module;
  export default module;
}
/** Node's types leave WebAssembly to those of browsers. */
declare namespace WebAssembly {
  class Module {
    private readonly compiled: true;
  }
}
