import { createBudget } from "./budget.ts";

/** A buffer on loan; disposing of it gives it back. */
export type PooledBuffer = Disposable & { readonly bytes: Uint8Array };

/** Where buffers are made. */
export type Memory = (byteLength: number) => Uint8Array;

/** A fixed number of buffers of one size, made when first needed and used again: memory stays flat however long the file. */
export type BufferPool = { take(signal: AbortSignal): Promise<PooledBuffer> };

export function createBufferPool(
  count: number,
  bytesEach: number,
  memory: Memory = (byteLength) => new Uint8Array(byteLength),
): BufferPool {
  const budget = createBudget(count);
  const idle: Uint8Array[] = [];
  return {
    async take(signal) {
      const giveBack = await budget.take(1, signal);
      const bytes = idle.pop() ?? memory(bytesEach);
      let returned = false;
      return {
        bytes,
        [Symbol.dispose]() {
          if (returned) return;
          returned = true;
          idle.push(bytes);
          giveBack();
        },
      };
    },
  };
}
