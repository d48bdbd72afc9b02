import { type Fault, type Thread } from "./fault.ts";
export type Struck = {
  /** Null when it was killed. */
  readonly code: number | null;
  readonly output: string;
  /** The fault was met: a run that makes fewer calls than the one before is over sooner. */
  readonly isHit: boolean;
};
type Options = {
  readonly folder: string;
  readonly home: string;
  readonly log: string;
};
/** Throws, with what to do, where there is no strace that can do this. */
export declare function requireStrace(): void;
export declare function strike(fault: Fault, options: Options): Promise<Struck>;
/** How often each thread makes each call, by `keyOf`. */
export declare function countCalls(thread: Thread, options: Options): Promise<Map<string, number>>;
/** `sync --once` with those arguments to strace; its own log is `trace`. */
export declare function runTraced(
  thread: Thread,
  more: readonly string[],
  { folder, home, log }: Options,
): Promise<{
  readonly code: number | null;
  readonly output: string;
  readonly trace: string;
}>;
export {};
