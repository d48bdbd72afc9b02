import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deviceIdSchema, userIdSchema } from "@ashlar/shared/ids";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { folderAround, overlapping, realFolderPath } from "../../src/node/folder-path.ts";
import { homePath } from "../../src/node/home-path.ts";
import { openHome, type Account, type RegisteredFolder } from "../../src/node/home.ts";
import { StateFileError } from "../../src/node/state-file.ts";

const user = userIdSchema.parse("U".repeat(22));
const device = deviceIdSchema.parse("D".repeat(22));
const other = userIdSchema.parse("V".repeat(22));

function anAccount(more: Partial<Account> = {}): Account {
  return {
    server: "http://localhost:8787",
    email: "ada@example.org",
    deviceName: "desk",
    session: { user, device, accessToken: "a", accessExpiresAt: 1, refreshToken: "r1" },
    ...more,
  };
}

function aFolder(path: string, more: Partial<RegisteredFolder> = {}): RegisteredFolder {
  return { id: "F".repeat(22), path, user, ...more };
}

let directory = "";
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "ashlar-home-"));
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

describe("where the state lives", () => {
  const unix = { env: {}, platform: "linux", userHome: "/home/ada", cwd: "/tmp" };

  it("M1 ASHLAR_HOME comes first, and a relative one counts from the working directory", () => {
    expect(homePath({ ...unix, env: { ASHLAR_HOME: "/x/y", XDG_STATE_HOME: "/z" } })).toBe("/x/y");
    expect(homePath({ ...unix, env: { ASHLAR_HOME: "mine" } })).toBe("/tmp/mine");
  });

  it("M1 without it, each platform's usual place is used", () => {
    expect(homePath(unix)).toBe("/home/ada/.local/state/ashlar");
    expect(homePath({ ...unix, env: { XDG_STATE_HOME: "/state" } })).toBe("/state/ashlar");
    expect(homePath({ ...unix, env: { XDG_STATE_HOME: "relative" } })).toBe("/home/ada/.local/state/ashlar");
    expect(homePath({ ...unix, platform: "darwin" })).toBe("/home/ada/Library/Application Support/Ashlar");
    expect(homePath({ ...unix, platform: "win32", env: { LOCALAPPDATA: "/local" } })).toBe("/local/Ashlar");
  });
});

describe("accounts", () => {
  it("M2 the account signed in last is the current one, and its file is for this user's eyes only", async () => {
    const home = await openHome(directory);
    await home.enter(anAccount());
    await home.enter(anAccount({ email: "bob@example.org", session: { ...anAccount().session, user: other } }));
    expect((await home.currentAccount())?.email).toBe("bob@example.org");
    expect((await home.account(user))?.email).toBe("ada@example.org");
    const path = join(directory, "accounts", `${user}.json`);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it("M2 a replaced file leaves no draft beside it", async () => {
    const home = await openHome(directory);
    await home.enter(anAccount());
    await home.sessions(user, device).save({ ...anAccount().session, refreshToken: "r2" });
    expect((await home.account(user))?.session.refreshToken).toBe("r2");
    expect(await readdir(join(directory, "accounts"))).toEqual([`${user}.json`]);
  });

  it("M2 a refreshed token does not sign an account in again that was signed out meanwhile", async () => {
    const home = await openHome(directory);
    await home.enter(anAccount());
    await home.sessions(user, device).clear();
    await home.sessions(user, device).save(anAccount().session);
    expect(await home.account(user)).toBeUndefined();
    expect(await home.currentAccount()).toBeUndefined();
  });

  it("M19 the tokens of a device that signed in anew are not replaced by those of its former session", async () => {
    const home = await openHome(directory);
    const former = home.sessions(user, device);
    await home.enter(anAccount({ session: { ...anAccount().session, device: deviceIdSchema.parse("E".repeat(22)), refreshToken: "new" } }));
    await former.save(anAccount().session);
    expect(await former.load()).toBeUndefined();
    expect((await home.account(user))?.session.refreshToken).toBe("new");
  });

  it("M23 an ended session is noted, and the next sign-in takes the note away", async () => {
    const home = await openHome(directory);
    await home.enter(anAccount());
    await home.sessions(user, deviceIdSchema.parse("E".repeat(22))).end();
    expect((await home.account(user))?.ended).toBeUndefined();
    await home.sessions(user, device).end();
    expect((await home.account(user))?.ended).toBe(true);
    await home.enter(anAccount());
    expect((await home.account(user))?.ended).toBeUndefined();
  });

  it.each([
    ["cut short", '{"server": "http'],
    ["of another shape", '{"server": 1}'],
    ["with a field that is not known", JSON.stringify({ ...anAccount(), more: true })],
  ])("M2 a file %s is refused with its path, and left as it is", async (_what, text) => {
    const home = await openHome(directory);
    await home.enter(anAccount());
    const path = join(directory, "accounts", `${user}.json`);
    await writeFile(path, text);
    await expect(home.currentAccount()).rejects.toThrow(StateFileError);
    await expect(home.currentAccount()).rejects.toThrow(path);
    expect(await readFile(path, "utf8")).toBe(text);
  });

  it("M2 a file that cannot be read is refused, not taken for absent", async () => {
    const home = await openHome(directory);
    await home.enter(anAccount());
    const path = join(directory, "accounts", `${user}.json`);
    await rm(path);
    await mkdir(path);
    await expect(home.currentAccount()).rejects.toThrow(StateFileError);
  });
});

describe("folders", () => {
  it("M5 two folders registered at the same moment are both kept", async () => {
    const [one, two] = await Promise.all([openHome(directory), openHome(directory)]);
    await Promise.all([one.register(aFolder("/a")), two.register(aFolder("/b", { id: "G".repeat(22) }))]);
    expect((await one.folders()).map(({ path }) => path).toSorted()).toEqual(["/a", "/b"]);
  });

  it("M4 a folder that vanished is still found by its path, also through a link above it", async () => {
    await mkdir(join(directory, "real"));
    await symlink(join(directory, "real"), join(directory, "link"));
    const real = await realFolderPath(join(directory, "real"));
    expect(await realFolderPath(join(directory, "link", "gone", "too"))).toBe(join(real, "gone", "too"));
  });

  it("M5 a path inside a synced folder belongs to the innermost one", () => {
    const folders = [aFolder("/a"), aFolder("/a/b/c", { id: "G".repeat(22) })];
    expect(folderAround(folders, "/a/b/c/d")?.path).toBe("/a/b/c");
    expect(folderAround(folders, "/a/..b")?.path).toBe("/a");
    expect(folderAround(folders, "/ab")).toBeUndefined();
  });

  it("M5 a folder above or below a synced one overlaps it, and itself does not", () => {
    const folders = [aFolder("/a/b")];
    expect(overlapping(folders, "/a")?.path).toBe("/a/b");
    expect(overlapping(folders, "/a/b/c")?.path).toBe("/a/b");
    expect(overlapping(folders, "/a/b")).toBeUndefined();
    expect(overlapping(folders, "/a/bc")).toBeUndefined();
  });
});
