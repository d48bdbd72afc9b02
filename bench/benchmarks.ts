/** The benchmarks of `npm run bench`, in their order. */
import type { Benchmark } from "./context.ts";
import { serverBenchmark } from "./server.ts";
import { loopbackBenchmark, wanBenchmark } from "./wan.ts";

export const benchmarks: readonly Benchmark[] = [wanBenchmark, loopbackBenchmark, serverBenchmark];
