/**
 * Loaded into the command before its own code: has strace hold the one worker thread of libuv, which cannot be told apart from
 * outside before it is there. `SWEEP_STRACE` has strace's arguments, one a line.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { stat } from "node:fs/promises";

// Begins the thread.
await stat("/");
const threads = readdirSync("/proc/self/task");
const worker = threads.find((thread) => readFileSync(`/proc/self/task/${thread}/comm`, "utf8").trim() === "libuv-worker");
if (worker === undefined) throw new Error("this Node's libuv does not name its worker thread");
const args = (process.env["SWEEP_STRACE"] ?? "").split("\n");
const strace = spawn("strace", [...args, "-p", worker], { stdio: ["ignore", "ignore", "pipe"] });
// It says on stderr that it is attached.
await once(strace.stderr, "data");
strace.stderr.destroy();
strace.unref();
