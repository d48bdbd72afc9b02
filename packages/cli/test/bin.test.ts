import { spawn, spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const bin = fileURLToPath(new URL("../bin/ashlar.mjs", import.meta.url));
/** Makes a Node say that it is an old one. What it starts is not affected. */
const older = `data:text/javascript,Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.20.2" } })`;

const runOlder = (script: string, args: string[]) =>
  spawnSync(process.execPath, ["--import", older, script, ...args], { encoding: "utf8", env: { ...process.env, NODE_OPTIONS: "" } });

it("M15 an older Node hands over to the one in the nearest node_modules, with arguments and exit status", () => {
  const help = runOlder(bin, ["sync", "--help"]);
  expect([help.status, help.stderr]).toEqual([0, ""]);
  expect(help.stdout).toContain("Usage: ashlar sync");
  expect(runOlder(bin, ["frobnicate"]).status).toBe(2);
});

it("M15 an older Node without a newer one says what is needed", () => {
  const directory = mkdtempSync(join(tmpdir(), "ashlar-bin-"));
  try {
    copyFileSync(bin, join(directory, "ashlar.mjs"));
    const { status, stderr } = runOlder(join(directory, "ashlar.mjs"), ["--help"]);
    expect(status).toBe(1);
    expect(stderr).toContain("needs Node.js 24 or newer, this is 20.20.2");
    expect(stderr).toContain("npm ci");
  } finally {
    rmSync(directory, { recursive: true });
  }
});

it("M27 compiled code is kept beside the program, and where nothing can be written it starts all the same", () => {
  const directory = mkdtempSync(join(tmpdir(), "ashlar-bin-"));
  try {
    mkdirSync(join(directory, "bin"));
    mkdirSync(join(directory, "src"));
    copyFileSync(bin, join(directory, "bin", "ashlar.mjs"));
    writeFileSync(join(directory, "src", "main.ts"), `const said: string = "started"; console.log(said);`);
    const start = () => {
      const { stdout, stderr } = spawnSync(process.execPath, [join(directory, "bin", "ashlar.mjs")], { encoding: "utf8" });
      return stdout + stderr;
    };
    const modules = join(directory, "node_modules");
    expect([start(), start()]).toEqual(["started\n", "started\n"]);
    expect(readdirSync(join(modules, ".cache", "compiled"))).toHaveLength(1);
    rmSync(modules, { recursive: true });
    writeFileSync(modules, "in the way");
    expect(start()).toBe("started\n");
  } finally {
    rmSync(directory, { recursive: true });
  }
});

it("M22 a reader that is gone ends the command silently with 141", async () => {
  const child = spawn(process.execPath, [bin, "sync", "--help"], { stdio: ["ignore", "pipe", "pipe"] });
  child.stdout.destroy();
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  await once(child, "close");
  expect([child.exitCode, stderr]).toEqual([141, ""]);
});

it.each([
  ["Ctrl-D", "\u0004"],
  ["Ctrl-C", "\u0003"],
])("M21 %s at the password's prompt ends with 1 and says that nothing was changed", async (_key, typed) => {
  const directory = mkdtempSync(join(tmpdir(), "ashlar-bin-"));
  try {
    const line = `'${process.execPath}' '${bin}' login --server http://127.0.0.1:1 --email ada@example.org`;
    const child = spawn("script", ["--quiet", "--return", "--flush", "--command", line, "/dev/null"], {
      env: { ...process.env, ASHLAR_HOME: directory, NO_COLOR: "1" },
      detached: true,
      stdio: ["pipe", "pipe", "inherit"],
    });
    let shown = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      if (!shown.includes("Password: ") && (shown + text).includes("Password: ")) child.stdin.write(typed);
      shown += text;
    });
    await once(child, "close");
    expect(child.exitCode).toBe(1);
    expect(shown.replaceAll(/\s+/g, " ").trim()).toMatch(/^Password: ashlar: Stopped at a question: nothing was changed\.$/);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
