import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { eventually } from "./support/eventually.ts";
import { openHouse, password, type House } from "./support/house.ts";
import { onTerminal, type OnTerminal } from "./support/terminal.ts";
import { folderDifference } from "./support/tree.ts";

const repository = fileURLToPath(new URL("../..", import.meta.url));

let house: House;
beforeAll(async () => {
  house = await openHouse();
});
afterAll(() => house?.[Symbol.asyncDispose]());

/** The README's shell blocks, of which each is a terminal; only the server's address is this test's own. */
async function shellBlocks(): Promise<string[][]> {
  const text = await readFile(join(repository, "README.md"), "utf8");
  const blocks = [...text.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = ""]) => block);
  return blocks.map((block) => block.replaceAll("http://localhost:8787", house.edge().url).trim().split("\n"));
}

/** One block typed into a shell, line by line; the last line of it keeps running. */
async function typeBlock(lines: readonly string[], home: string): Promise<OnTerminal> {
  const env = { ...process.env, HOME: home, ASHLAR_HOME: undefined, XDG_STATE_HOME: undefined, PS1: "$ ", TERM: "dumb" };
  const terminal = onTerminal("bash --norc --noprofile", { cwd: repository, env });
  for (const line of lines) {
    terminal.type(line);
    if (!line.includes("login")) continue;
    const questions = line.includes("--register") ? ["Password: ", "Password again: "] : ["Password: "];
    for (const question of questions) {
      await terminal.expectShown(question);
      terminal.type(password);
    }
    await terminal.expectShown("Signed in to");
  }
  await terminal.expectShown("Syncing");
  return terminal;
}

it("E10 the README's commands, typed on two terminals, keep two folders equal", async () => {
  const [start, first, second] = await shellBlocks();
  expect(start).toEqual(["npm ci && npm start"]);
  if (first === undefined || second === undefined) throw new Error("the README shows no two devices");
  const home = join(house.directory, "person");
  await mkdir(home, { recursive: true });

  await using one = await typeBlock(first, home);
  await using other = await typeBlock(second, home);
  await writeFile(join(home, "Ashlar", "hello.txt"), "hello");
  await eventually(async () => {
    const there = await readFile(join(home, "Ashlar-second", "hello.txt"), "utf8").catch(() => "");
    return there === "hello" ? folderDifference(join(home, "Ashlar"), join(home, "Ashlar-second")) : "the file has arrived";
  });

  for (const terminal of [one, other]) expect(terminal.shown()).not.toContain(password);
});
