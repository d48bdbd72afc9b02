import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { UserId } from "@ashlar/shared/ids";
import { lockFolder } from "@ashlar/client/node/folder-lock";
import type { Home } from "@ashlar/client/node/home";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { exitCodes } from "../src/exit-code.ts";
import { runProgram } from "../src/program.ts";
import { device, signedIn, syncedFolder, worldIn } from "./surroundings.ts";

let directory = "";
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "ashlar-cli-"));
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

const home = () => join(directory, "home");

describe("wrong usage", () => {
  it.each([
    [["frobnicate"]],
    [["sync"]],
    [["sync", "a", "b"]],
    [["sync", "a", "--twice"]],
    [["sync", "a", "--timeout", "5"]],
    [["sync", "a", "--once", "--timeout", "0"]],
    [["sync", "a", "--once", "--timeout", "soon"]],
    [["log", "--since", "soon"]],
    [["log", "--since", "-1"]],
    [["log", "--since", "2999-01-01"]],
    [["versions"]],
    [["restore"]],
    [["restore", "a", "--version", "last"]],
    [["rewind", "a"]],
    [["rewind", "a", "--to", "soon"]],
    [["rewind", "/no/where", "--to", "2h"]],
    [["devices", "revoke"]],
    [["devices", "revoke", "not an id"]],
    [["login", "--server", "ftp://example.org", "--email", "a@example.org", "--password-stdin"]],
    [["login", "--server", "nonsense", "--email", "a@example.org", "--password-stdin"]],
    [["login", "--email", "a@example.org", "--password-stdin"]],
    [["login", "--server", "http://localhost:1", "--password-stdin"]],
    [["login", "--server", "http://localhost:1", "--email", "a@example.org"]],
    [["login", "--server", "http://localhost:1", "--email", "not an address", "--password-stdin"]],
    [["status"]],
    [["refresh"]],
    [["doctor"]],
    [["share"]],
    [["share", "a", "--list"]],
    [["share", "--list", "--expires", "7d"]],
    [["share", "a", "--expires", "soon"]],
    [["share", "a", "--expires", "0d"]],
    [["share", "a", "--downloads", "few"]],
    [["share", "--revoke", "not an id"]],
    [["doctor", "--shallow"]],
    [["reconcile"]],
  ])("M6 %j exits with 2", async (args) => {
    const world = await worldIn(home(), { line: "long enough" });
    expect(await runProgram(args, world)).toBe(exitCodes.wrongUsage);
  });

  it("M6 --help shows examples and the exit status, and exits with 0", async () => {
    const world = await worldIn(home());
    expect(await runProgram(["sync", "--help"], world)).toBe(exitCodes.done);
    expect(world.stdout.text).toContain("ashlar sync ~/Documents");
    expect(world.stdout.text).toContain("3  done, but there are conflicts");
  });

  it("M1 --help names the place where state is kept on this machine", async () => {
    const world = await worldIn(home());
    expect(await runProgram(["--help"], world)).toBe(exitCodes.done);
    expect(world.stdout.text).toContain("(default: /home/ada/.local/state/ashlar)");
  });

  it("M6 a password that is too short is refused before anything is sent", async () => {
    const world = await worldIn(home(), { line: "short" });
    const args = ["login", "--server", "http://127.0.0.1:1", "--email", "a@example.org", "--password-stdin"];
    expect(await runProgram(args, world)).toBe(exitCodes.wrongUsage);
    expect(world.stderr.text).toContain("8 to 256 characters");
  });

  it("M11 what is wrong with an address or a password is said before more is asked for", async () => {
    const world = await worldIn(home(), { answers: ["short"] });
    const args = ["login", "--register", "--server", "http://127.0.0.1:1", "--email"];
    expect(await runProgram([...args, "not an address"], world)).toBe(exitCodes.wrongUsage);
    expect(await runProgram([...args, "a@example.org"], world)).toBe(exitCodes.wrongUsage);
    expect(world.stderr.text).toMatch(/^ashlar: --email takes .*\nPassword\?ashlar: A password has 8 to 256 characters\.\n$/);
  });

  it("M11 a new password is asked for twice, and two that differ are refused", async () => {
    const world = await worldIn(home(), { answers: ["http://127.0.0.1:1", "a@example.org", "correct horse", "correct house"] });
    expect(await runProgram(["login", "--register"], world)).toBe(exitCodes.wrongUsage);
    expect(world.stderr.text).toBe(
      "Server?E-mail address?Password?Password again?ashlar: The two passwords differ. Nothing was changed.\n",
    );
  });

  it("M11 a server that cannot be reached is said, and nothing is stored", async () => {
    const world = await worldIn(home(), { line: "correct horse" });
    const args = ["login", "--server", "http://127.0.0.1:1", "--email", "a@example.org", "--password-stdin"];
    expect(await runProgram(args, world)).toBe(exitCodes.failed);
    expect(world.stderr.text).toMatch(/cannot be reached: .*127\.0\.0\.1:1\. Is the address right/);
    expect(await world.home.currentAccount()).toBeUndefined();
  });
});

describe("before the edge is asked", () => {
  it.each([[["sync", "somewhere"]], [["log"]], [["devices"]], [["logout"]]])(
    "M16 %j without a session says how to sign in",
    async (args) => {
      const world = await worldIn(home());
      expect(
        await runProgram(
          args.map((arg) => (arg === "somewhere" ? join(directory, arg) : arg)),
          world,
        ),
      ).toBe(exitCodes.failed);
      expect(world.stderr.text).toContain("ashlar login");
    },
  );

  it("M4 a known folder that vanished needs a person, and is not made again", async () => {
    const world = await worldIn(home());
    const path = join(directory, "gone");
    await syncedFolder(world.home, path);
    expect(await runProgram(["sync", path, "--once"], world)).toBe(exitCodes.needsPerson);
    expect(world.stderr.text).toContain(`ashlar: ${path} was synced before and is not there now`);
    await expect(rm(path)).rejects.toThrow("ENOENT");
  });

  it("M5 a folder inside a synced one, or around it, is refused", async () => {
    const world = await worldIn(home());
    const path = join(directory, "outer", "inner");
    await mkdir(path, { recursive: true });
    await syncedFolder(world.home, path);
    expect(await runProgram(["sync", join(path, "deeper"), "--once"], world)).toBe(exitCodes.wrongUsage);
    expect(await runProgram(["sync", join(directory, "outer"), "--once"], world)).toBe(exitCodes.wrongUsage);
  });

  it("M5 a folder that holds the client's own state, or lies in it, is refused", async () => {
    const world = await worldIn(home());
    await signedIn(world.home);
    expect(await runProgram(["sync", directory, "--once"], world)).toBe(exitCodes.wrongUsage);
    expect(await runProgram(["sync", home(), "--once"], world)).toBe(exitCodes.wrongUsage);
    expect(await runProgram(["sync", join(home(), "below"), "--once"], world)).toBe(exitCodes.wrongUsage);
    expect(world.stderr.text).toContain("ASHLAR_HOME");
  });

  it("M5 a file is not a folder", async () => {
    const world = await worldIn(home());
    await signedIn(world.home);
    const path = join(directory, "file");
    await writeFile(path, "");
    expect(await runProgram(["sync", path, "--once"], world)).toBe(exitCodes.wrongUsage);
    expect(await runProgram(["sync", join(path, "below"), "--once"], world)).toBe(exitCodes.wrongUsage);
  });

  it("M3 a folder that another process syncs is refused, naming the process", async () => {
    const world = await worldIn(home());
    const path = join(directory, "busy");
    await mkdir(path);
    const folder = await syncedFolder(world.home, path);
    const lock = await lockFolder(world.home.paths(folder), 0);
    if ("heldBy" in lock) throw new Error("nobody else can have it");
    await using held = lock;
    expect(held).toBeDefined();
    expect(await runProgram(["sync", path, "--once", "--json"], world)).toBe(exitCodes.failed);
    expect(world.stderr.text).toContain(`process ${process.pid}`);
    const line: unknown = JSON.parse(world.stdout.text);
    expect(line).toMatchObject({ type: "error", exitCode: exitCodes.failed });
  });

  it("M13 refresh says when nothing syncs the folder", async () => {
    const world = await worldIn(home());
    const path = join(directory, "idle");
    await syncedFolder(world.home, path);
    expect(await runProgram(["refresh", path], world)).toBe(exitCodes.failed);
    expect(world.stderr.text).toContain(`ashlar sync ${path}`);
  });

  it("M14 status of a folder that was never synced is one line of JSON", async () => {
    const world = await worldIn(home());
    const path = join(directory, "fresh");
    await mkdir(path);
    await syncedFolder(world.home, path);
    expect(await runProgram(["status", "--json"], world)).toBe(exitCodes.done);
    expect(JSON.parse(world.stdout.text)).toEqual({
      type: "status",
      folder: path,
      server: "http://127.0.0.1:1",
      email: "ada@example.org",
      signedIn: true,
      isThere: true,
      running: null,
      state: "stopped",
      database: "absent",
    });
  });

  it.each([
    ["the account is not on this machine", (at: Home, user: UserId) => at.sessions(user, device).clear(), "`ashlar login`"],
    [
      "the server has ended the session",
      (at: Home, user: UserId) => at.sessions(user, device).end(),
      "`ashlar login --server http://127.0.0.1:1 --email ada@example.org`",
    ],
  ])("M23 status says that the device is signed out when %s, and exits with 3", async (_what, signOut, howTo) => {
    const world = await worldIn(home());
    const { user } = await syncedFolder(world.home, join(directory, "out"));
    await signOut(world.home, user);
    expect(await runProgram(["status"], world)).toBe(exitCodes.needsPerson);
    expect(world.stdout.text).toContain(`this device is signed out. Sign in again with ${howTo}.`);
  });

  it("M24 M25 sync --once says at once that the server cannot be reached, and fails when its time is over", async () => {
    const world = await worldIn(home());
    const path = join(directory, "offline");
    await mkdir(path);
    await syncedFolder(world.home, path);
    expect(await runProgram(["sync", path, "--once", "--timeout", "2", "--json"], world)).toBe(exitCodes.failed);
    expect(world.stderr.text).toMatch(
      /^ashlar: The server cannot be reached: .*ECONNREFUSED 127\.0\.0\.1:1\. It is tried again.*Ctrl-C is safe/,
    );
    expect(world.stderr.text).toContain("Both sides were not equal within 2 s.");
    expect(world.stdout.text).toContain('{"type":"offline"');
  });

  it("M2 a corrupt state file is named, and the command fails", async () => {
    const world = await worldIn(home());
    await signedIn(world.home);
    await writeFile(join(home(), "folders.json"), "{");
    expect(await runProgram(["status"], world)).toBe(exitCodes.failed);
    expect(world.stderr.text).toContain(join(home(), "folders.json"));
  });
});
