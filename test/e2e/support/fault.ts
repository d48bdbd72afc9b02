/** Where the real command is struck, and with what. */

/** The main thread runs the database and short calls; libuv's worker thread reads, writes and flushes files. */
export type Thread = "main" | "worker";

export type Blow = "KILL" | "ENOSPC" | "EIO" | "ECONNREFUSED";

export type Target = { readonly thread: Thread; readonly call: string };

/** The n-th call, from 1, of the target's thread. */
export type Fault = Target & { readonly blow: Blow; readonly n: number };

const disk = ["KILL", "ENOSPC", "EIO"] as const;

/** What each call can meet. Of one that SQLite makes and one that files see there are two threads. */
const blows: Readonly<Record<string, readonly Blow[]>> = {
  rename: disk,
  link: disk,
  unlink: ["KILL", "EIO"],
  rmdir: ["KILL", "EIO"],
  mkdir: disk,
  symlink: disk,
  fsync: disk,
  fdatasync: disk,
  pwrite64: disk,
  ftruncate: disk,
  fchmod: ["KILL", "EIO"],
  connect: ["KILL", "ECONNREFUSED"],
};

export const calls: readonly string[] = Object.keys(blows);

/** Every blow at every call that a run without faults made. */
export function everyFault(counts: ReadonlyMap<string, number>): Fault[] {
  return [...counts].flatMap(([key, count]) => {
    const { thread, call } = targetOf(key);
    return (blows[call] ?? []).flatMap((blow) => Array.from({ length: count }, (_, index) => ({ thread, call, blow, n: index + 1 })));
  });
}

export const keyOf = ({ thread, call }: Target): string => `${thread} ${call}`;

function targetOf(key: string): Target {
  const [thread = "", call = ""] = key.split(" ");
  return { thread: thread === "worker" ? "worker" : "main", call };
}

export const faultText = ({ thread, call, blow, n }: Fault): string => `${blow} at ${call} ${n} of the ${thread} thread`;
