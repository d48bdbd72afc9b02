/** Stand-ins for the process around a command. */
import { randomBytes } from "node:crypto";
import type { Home, RegisteredFolder } from "@ashlar/client/node/home";
import { openHome } from "@ashlar/client/node/home";
import { deviceIdSchema, newId, userIdSchema, type UserId } from "@ashlar/shared/ids";
import { openTerminal } from "../src/terminal.ts";
import type { World } from "../src/world.ts";

export type Captured = { text: string; isTTY: boolean; columns: number; write(text: string): void };

export function capture(isTTY = false): Captured {
  return {
    text: "",
    isTTY,
    columns: 80,
    write(text) {
      this.text += text;
    },
  };
}

export type TestWorld = World & { readonly stdout: Captured; readonly stderr: Captured; readonly home: Home };

/** Answers are given in order; asking for one more fails the test. */
export async function worldIn(directory: string, more: { answers?: string[]; line?: string } = {}): Promise<TestWorld> {
  const stdout = capture();
  const stderr = capture();
  const home = await openHome(directory);
  const answers = [...(more.answers ?? [])];
  const next = async (question: string) => {
    stderr.write(`${question}?`);
    const answer = answers.shift();
    if (answer === undefined) throw new Error(`not expected to be asked: ${question}`);
    return answer;
  };
  return {
    stdout,
    stderr,
    home,
    hostname: "testbox",
    cwd: directory,
    defaultHome: "/home/ada/.local/state/ashlar",
    now: () => 1_700_000_000_000,
    prompt: { interactive: more.answers !== undefined, ask: next, askSecret: next, readLine: async () => more.line },
    openHome: async () => home,
    openTerminal: ({ json }) => openTerminal({ stdout, stderr, env: {}, json }),
    stopSignal: () => new AbortController().signal,
  };
}

export const device = deviceIdSchema.parse("D".repeat(22));

/** At a server that is not there. */
export async function signedIn(at: Home): Promise<UserId> {
  const user = userIdSchema.parse("U".repeat(22));
  const session = { user, device, accessToken: "a", accessExpiresAt: 0, refreshToken: "r" };
  await at.enter({ server: "http://127.0.0.1:1", email: "ada@example.org", deviceName: "desk", session });
  return user;
}

export async function syncedFolder(at: Home, path: string): Promise<RegisteredFolder> {
  const folder = { id: newId<UserId>(randomBytes), path, user: await signedIn(at) };
  await at.register(folder);
  return folder;
}
