/** Where the real command is struck, and with what. */
/** The main thread runs the database and short calls; libuv's worker thread reads, writes and flushes files. */
export type Thread = "main" | "worker";
export type Blow = "KILL" | "ENOSPC" | "EIO" | "ECONNREFUSED";
export type Target = {
  readonly thread: Thread;
  readonly call: string;
};
/** The n-th call, from 1, of the target's thread. */
export type Fault = Target & {
  readonly blow: Blow;
  readonly n: number;
};
export declare const calls: readonly string[];
/** Every blow at every call that a run without faults made. */
export declare function everyFault(counts: ReadonlyMap<string, number>): Fault[];
export declare const keyOf: ({ thread, call }: Target) => string;
export declare const faultText: ({ thread, call, blow, n }: Fault) => string;
