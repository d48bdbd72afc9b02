/** `ashlar login` through a browser, against a server that says what it is told to. */
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deviceCodeMs } from "@ashlar/shared/limits";
import { type ProblemCode, problemMediaType, problemOf, ProblemError, problems } from "@ashlar/shared/protocol/problem";
import { afterEach, beforeEach, expect, it } from "vitest";
import { exitCodes } from "../src/exit-code.ts";
import { runProgram } from "../src/program.ts";
import { worldIn } from "./surroundings.ts";

let directory = "";
let server: Server;
/** What each question for the session is answered with, the last one from then on. */
let answers: ProblemCode[] = [];
let asked = 0;
let onAsked: () => void = () => undefined;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "ashlar-login-"));
  asked = 0;
  onAsked = () => undefined;
  server = createServer((request, response) => {
    if (request.url === "/v1/device-codes") {
      const code = { deviceCode: "a secret of the command", userCode: "WDJB-MJHT", verifyUrl: "http://elsewhere.example/link" };
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify({ ...code, expiresAt: Date.now() + deviceCodeMs, intervalMs: 1 }));
      return;
    }
    const code = answers[Math.min(asked++, answers.length - 1)] ?? "not-found";
    response.writeHead(problems[code].status, { "content-type": problemMediaType });
    response.end(JSON.stringify(problemOf(new ProblemError(code))));
    onAsked();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
});
afterEach(async () => {
  server.close();
  server.closeAllConnections();
  await rm(directory, { recursive: true, force: true });
});

/** With a signal that stands for Ctrl-C. */
async function login(stop = new AbortController()) {
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const home = join(directory, "home");
  const world = { ...(await worldIn(home)), stopSignal: () => stop.signal };
  const before = await filesIn(home);
  const code = await runProgram(["login", "--server", `http://127.0.0.1:${port}`], world);
  expect(await world.home.currentAccount()).toBeUndefined();
  expect(await filesIn(home)).toEqual(before);
  return { code, stdout: world.stdout.text, stderr: world.stderr.text, url: `http://127.0.0.1:${port}` };
}

const filesIn = (folder: string) => readdir(folder, { recursive: true }).catch(() => []);

it("WS19 a code that nobody confirms in time ends the command with 1, and nothing is stored", async () => {
  answers = ["authorization-pending", "authorization-pending", "code-expired"];
  const { code, stdout, stderr, url } = await login();
  expect(code).toBe(exitCodes.failed);
  // On the server that was named, whatever that calls itself.
  expect(stdout).toContain(`${url}/link?code=WDJB-MJHT`);
  expect(stderr).toContain("Nobody confirmed the code in time. Nothing was changed; `ashlar login` shows a new one.");
  expect(asked).toBe(3);
});

it("WS19 Ctrl-C while the code waits ends the command with 1, and nothing is stored", async () => {
  answers = ["authorization-pending"];
  const stop = new AbortController();
  onAsked = () => stop.abort();
  const { code, stdout, stderr } = await login(stop);
  expect(code).toBe(exitCodes.failed);
  expect(stdout).toContain("Waiting for you to confirm. Ctrl-C ends it.");
  expect(stderr).toContain("Stopped before the sign-in was confirmed: nothing was changed.");
});
