declare module "@ashlar/shared/delta.wasm" {
  const module: WebAssembly.Module;
  export default module;
}
