import { mkdir, mkdtemp, realpath, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openHome, type Home } from "@ashlar/client/node/home";
import { deviceIdSchema, userIdSchema, type UserId } from "@ashlar/shared/ids";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import { afterEach, beforeEach, expect, it } from "vitest";
import { findMeant, meantPath } from "../src/synced-path.ts";

let directory = "";
let home: Home;
let folder = "";
beforeEach(async () => {
  directory = await realpath(await mkdtemp(join(tmpdir(), "ashlar-path-")));
  home = await openHome(join(directory, "home"));
  folder = join(directory, "synced");
  await mkdir(join(folder, "docs"), { recursive: true });
  await home.register({ id: "F".repeat(22), path: folder, user: await account("U") });
  await account("V");
});
afterEach(() => rm(directory, { recursive: true, force: true }));

async function account(letter: string): Promise<UserId> {
  const user = userIdSchema.parse(letter.repeat(22));
  const session = { user, device: deviceIdSchema.parse("D".repeat(22)), accessToken: "a", accessExpiresAt: 0, refreshToken: "r" };
  await home.enter({ server: "http://127.0.0.1:1", email: `${letter}@example.org`, deviceName: "desk", session });
  return user;
}

const meant = async (path: string, cwd: string) => {
  const { account: whose, paths } = await meantPath(home, path, cwd);
  return [whose.email[0], ...paths];
};

it("V18 a path inside a synced folder means that file, whether it is there or not", async () => {
  expect(await meant("a.txt", join(folder, "docs"))).toEqual(["U", "docs/a.txt", "a.txt"]);
  expect(await meant("docs/a.txt", folder)).toEqual(["U", "docs/a.txt"]);
  expect(await meant("../b", join(folder, "docs"))).toEqual(["U", "b"]);
  expect(await meant(join(folder, "gone", "x"), directory)).toEqual(["U", "gone/x"]);
  expect(await meant(".", folder)).toEqual(["U", ""]);
  expect(await meant(folder, directory)).toEqual(["U", ""]);
  expect(await meant("docs/", folder)).toEqual(["U", "docs"]);
  expect(await meant("re\u0301sume\u0301", folder)).toEqual(["U", "r\u00e9sum\u00e9"]);
  await symlink("docs", join(folder, "link"));
  await symlink(folder, join(directory, "link to folder"));
  expect(await meant("link", folder)).toEqual(["U", "link"]);
  expect(await meant(join(directory, "link to folder"), directory)).toEqual(["U", ""]);
});

it("V18 elsewhere a path is relative to the synced folder of the current account", async () => {
  expect(await meant("docs//./a.txt", directory)).toEqual(["V", "docs/a.txt"]);
  expect(await meant(".", directory)).toEqual(["V", ""]);
  await expect(meant("../x", directory)).rejects.toThrow("is not in a synced folder");
  await expect(meant("..", directory)).rejects.toThrow("is not in a synced folder");
  await expect(meant("/no/where", directory)).rejects.toThrow("is not in a synced folder");
});

/** A server that knows one path. */
const finder = (known: string) => ({
  find: async (path: string) => {
    if (path !== known) throw new ProblemError("not-found");
    return { chain: [] };
  },
});

it("V18 of what a path can mean the first that is known counts", async () => {
  const found = await meantPath(home, "a.txt", join(folder, "docs"));
  expect((await findMeant(finder("docs/a.txt"), found)).path).toBe("docs/a.txt");
  expect((await findMeant(finder("a.txt"), found)).path).toBe("a.txt");
  await expect(findMeant(finder("x"), found)).rejects.toThrow("nothing called docs/a.txt");
});
