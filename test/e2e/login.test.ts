import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { browserSessionSchema, type BrowserSession } from "@ashlar/shared/protocol/account";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Edge, startEdge } from "../../scripts/local/edge.ts";
import { jsonLines, run } from "./support/command.ts";

let folder: string;
let edge: Edge;
let session: BrowserSession;
let cookie: string;

/** As a page of the server would send it. */
function send(path: string, body: object, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(edge.url + path, {
    method: "POST",
    headers: { "content-type": "application/json", origin: edge.url, "sec-fetch-site": "same-origin", ...headers },
    body: JSON.stringify(body),
  });
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "ashlar-login-"));
  edge = await startEdge({ state: join(folder, "state") });
  const credentials = { email: "ada@example.org", password: "correct horse battery", device: "Firefox", keep: "cookie" };
  const response = await send("/v1/account", credentials);
  session = browserSessionSchema.parse(await response.json());
  cookie = response.headers.get("set-cookie")?.split(";")[0] ?? "";
});
afterAll(async () => {
  await edge.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Runs `ashlar login`, and gives that answer as soon as it shows its code. */
async function loginAnd(answer: "approve" | "deny", home: string) {
  let answered: Promise<Response> | undefined;
  const ended = await run(["login", "--server", edge.url, "--device", "laptop"], {
    home,
    watch: (stdout) => {
      const code = stdout.match(/^ {2}(\S+)\/link\?code=([A-Z]{4}-[A-Z]{4})$/m);
      if (code === null || answered !== undefined) return;
      expect(code[1]).toBe(edge.url);
      answered = send(`/v1/device-codes/${code[2]}`, { answer }, { cookie, authorization: `Bearer ${session.accessToken}` });
    },
  });
  expect((await answered)?.status).toBe(204);
  return ended;
}

it("WS19 a command that shows a code is signed in by who confirms it in a browser", async () => {
  const home = join(folder, "home");
  const { code, stdout, stderr } = await loginAnd("approve", home);
  expect(stderr).toBe("");
  expect(code).toBe(0);
  expect(stdout).toContain(`Signed in to ${edge.url} as ada@example.org. This device is called laptop.`);
  const listed = await run(["devices", "--json"], { home });
  expect(jsonLines(listed.stdout).map(({ name, kind, current }) => ({ name, kind, current }))).toEqual(
    expect.arrayContaining([
      { name: "laptop", kind: "command", current: true },
      { name: "Firefox", kind: "browser", current: false },
    ]),
  );
});

it("WS19 a refusal in the browser ends the command, and it is not signed in", async () => {
  const home = join(folder, "denied");
  const { code, stderr } = await loginAnd("deny", home);
  expect(stderr).toContain("The sign-in was refused in the browser. Nothing was changed.");
  expect(code).toBe(1);
  expect((await run(["devices"], { home })).stderr).toContain("ashlar login");
});

it("M54 signing in anew ends the session that this home had before, and with --register an account that is there is named", async () => {
  const home = join(folder, "again");
  const credentials = ["login", "--server", edge.url, "--email", "ada@example.org", "--device", "desk", "--password-stdin"];
  const input = "correct horse battery\n";
  expect(await run(credentials, { home, input })).toMatchObject({ code: 0, stderr: "" });
  const taken = await run([...credentials, "--register"], { home, input });
  expect(taken.stderr).toBe("ashlar: There is an account with this e-mail address already. Leave out --register to sign in to it.\n");
  expect(await run(credentials, { home, input })).toMatchObject({ code: 0, stderr: "" });
  const listed = jsonLines((await run(["devices", "--json"], { home })).stdout);
  expect(listed.filter(({ name }) => name === "desk")).toMatchObject([{ current: true }]);
});
