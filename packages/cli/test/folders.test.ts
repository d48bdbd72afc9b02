import { mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lockFolder } from "@ashlar/client/node/folder-lock";
import { openHome } from "@ashlar/client/node/home";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { exitCodes } from "../src/exit-code.ts";
import { runProgram } from "../src/program.ts";
import { signedIn, syncedFolder, worldIn } from "./surroundings.ts";

let directory = "";
const home = () => join(directory, "home");
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "ashlar-cli-"));
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

describe("the folder to sync", () => {
  it("M51 one that cannot be made is named, with the reason, and nothing is made or remembered", async () => {
    const world = await worldIn(home());
    await signedIn(world.home);
    await symlink(join(directory, "gone"), join(directory, "link"));
    expect(await runProgram(["sync", join(directory, "link", "below"), "--once"], world)).toBe(exitCodes.failed);
    expect(world.stderr.text).toContain(`ashlar: ${join(directory, "link")} cannot be synced: it is not there and cannot be made.`);
    expect(await world.home.folders()).toEqual([]);
  });

  it("M51 also where the system says of every level that the one above is not there", async () => {
    const world = await worldIn(home());
    await signedIn(world.home);
    expect(await runProgram(["sync", "/proc/ashlar/below", "--once"], world)).toBe(exitCodes.failed);
    expect(world.stderr.text).toContain("ashlar: /proc/ashlar cannot be synced: it is not there and cannot be made.");
  });

  it("M51 one that cannot be looked at is named, and is no matter of Ashlar's own state", async () => {
    const world = await worldIn(home());
    await signedIn(world.home);
    await symlink("round", join(directory, "round"));
    expect(await runProgram(["sync", join(directory, "round"), "--once"], world)).toBe(exitCodes.failed);
    expect(world.stderr.text).toBe(`ashlar: ${join(directory, "round")} cannot be synced: the system says ELOOP.\n`);
  });

  it("M52 a new one that another home syncs is refused and not remembered", async () => {
    const path = join(directory, "shared");
    await mkdir(path);
    const other = await openHome(join(directory, "other"));
    const folder = await syncedFolder(other, path);
    const lock = await lockFolder(other.paths(folder), 0, { root: path, isNew: true });
    if ("heldBy" in lock) throw new Error("nobody else can have it");
    await using held = lock;
    expect(held).toBeDefined();
    const world = await worldIn(home());
    await signedIn(world.home);
    expect(await runProgram(["sync", path, "--once"], world)).toBe(exitCodes.failed);
    expect(world.stderr.text).toContain("another ASHLAR_HOME");
    expect(await world.home.folders()).toEqual([]);
  });

  it("M53 status says of one that has vanished that it needs a person, and exits with 3", async () => {
    const world = await worldIn(home());
    await syncedFolder(world.home, join(directory, "away"));
    expect(await runProgram(["status"], world)).toBe(exitCodes.needsPerson);
    expect(world.stdout.text).toContain("needs you: the folder is not there. Mount its disk or move it back");
  });
});
