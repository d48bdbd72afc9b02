/**
 * A door into a running local server for `npm run gc`: a Unix socket in the state folder, which its owner alone can enter. One line
 * goes in, the kind of a run; one comes out, its record as JSON, or why there is none.
 */
import { chmodSync, rmSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import * as z from "zod";
import { ScriptFailure } from "./failure.ts";
import { parseRun, type RunKind, type RunRow } from "./gc-run.ts";

const doorOf = (state: string): string => join(state, "door");

const kindSchema = z.enum(["collect", "plan"]);
const answerSchema = z.union([z.object({ run: z.unknown() }), z.object({ failure: z.string() })]);

export type DoorPorts = {
  readonly state: string;
  readonly collect: (kind: RunKind) => Promise<void>;
  readonly lastRun: () => Promise<RunRow | undefined>;
  readonly say: (line: string) => void;
};

/** Without sockets that are files, or with a path too long for one, there is no door: the server works all the same. */
export async function openDoor({ state, collect, lastRun, say }: DoorPorts): Promise<AsyncDisposable> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    createInterface(socket).once("line", (line) => {
      answer(line)
        .catch((error: unknown) => ({ failure: String(error) }))
        .then((said) => socket.end(`${JSON.stringify(said)}\n`))
        .catch(() => {});
    });
  });
  const answer = async (line: string) => ({ run: await collectAndTell({ collect, lastRun }, kindSchema.parse(line)) });
  if (process.platform === "win32") return server;
  // Left over from a server that was killed: the state is ours.
  rmSync(doorOf(state), { force: true });
  await new Promise<void>((resolve) => {
    server.once("error", (error) => {
      say(`npm run gc will not reach this server: ${error.message}`);
      resolve();
    });
    server.listen(doorOf(state), () => {
      // The state folder may be one that was there before, and open to others.
      chmodSync(doorOf(state), 0o600);
      resolve();
    });
  });
  return {
    [Symbol.asyncDispose]: () => new Promise((resolve) => (server.listening ? server.close(() => resolve()) : resolve())),
  };
}

/** Runs the collector and answers the record of that run. */
export async function collectAndTell({ collect, lastRun }: Pick<DoorPorts, "collect" | "lastRun">, kind: RunKind): Promise<RunRow> {
  const before = await lastRun();
  await collect(kind);
  const run = await lastRun();
  if (run === undefined || run.startedAt === before?.startedAt)
    throw new ScriptFailure("Another run of the collector is under way, or died less than half an hour ago. Try again later.");
  return run;
}

/** Undefined if no server is behind the door. */
export async function askAtDoor(state: string, kind: RunKind): Promise<RunRow | undefined> {
  const socket = await enter(doorOf(state));
  if (socket === undefined) return undefined;
  socket.write(`${kind}\n`);
  const said = answerSchema.parse(JSON.parse(await text(socket)));
  if ("failure" in said) throw new ScriptFailure(said.failure);
  return parseRun(said.run);
}

async function enter(path: string): Promise<Socket | undefined> {
  const socket = connect(path);
  return new Promise((resolve) => {
    socket.once("connect", () => resolve(socket));
    socket.once("error", () => resolve(undefined));
  });
}
