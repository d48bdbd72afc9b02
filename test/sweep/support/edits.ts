/** What a person does to a folder between two runs: of every kind of change one, again and again, so that each run has as much to do. */
import { chmod, mkdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { seeded } from "../../e2e/support/random.ts";

/** Above the pack limit, so that the block index has a part as well. */
const largeBytes = 180_000;

/** Makes what the edits then change. */
export async function settle(folder: string): Promise<void> {
  for (const side of ["left", "right"]) {
    await mkdir(join(folder, side), { recursive: true });
    await writeFile(join(folder, side, "swapped.txt"), side);
  }
  await mkdir(join(folder, "left", "moving"));
  await writeFile(join(folder, "left", "moving", "file.txt"), "moves along");
  await writeFile(join(folder, "mode"), "always the same");
}

/** Changes everything in the folder for the `turn`-th time, from 0. */
export async function editAll(folder: string, turn: number): Promise<void> {
  const random = seeded(turn);
  const isOdd = turn % 2 === 1;
  const at = (...names: string[]) => join(folder, ...names);
  const text = (what: string) => `${what} of turn ${turn}: ${random.bytes(100).toString("base64")}\n`;

  await writeFile(at("edited.txt"), text("edited in place"));
  await writeFile(at("empty or not"), isOdd ? "" : text("not empty"));
  // As editors do, by a name that is not synced.
  await writeFile(at("saved.txt.part"), text("saved"));
  await rename(at("saved.txt.part"), at("saved.txt"));
  // Half of it stays as it was.
  await writeFile(at("large.bin"), Buffer.concat([random.bytes(largeBytes / 2), seeded(1).bytes(largeBytes / 2)]));
  await swap(at("left", "swapped.txt"), at("right", "swapped.txt"));
  await rename(at(isOdd ? "right" : "left", "moving"), at(isOdd ? "left" : "right", "moving"));
  await changeKind(at("of both kinds"), isOdd, text("of both kinds"));
  await rm(at(`new ${turn - 1}`), { recursive: true, force: true });
  await mkdir(at(`new ${turn}`, "deep"), { recursive: true });
  await writeFile(at(`new ${turn}`, "deep", "file.txt"), text("new"));
  await rm(at("link"), { force: true });
  await symlink(`new ${turn}`, at("link"));
  await chmod(at("mode"), isOdd ? 0o755 : 0o644);
}

async function swap(one: string, other: string): Promise<void> {
  await rename(one, `${one}.part`);
  await rename(other, one);
  await rename(`${one}.part`, other);
}

async function changeKind(path: string, isFolder: boolean, content: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
  if (!isFolder) return writeFile(path, content);
  await mkdir(path);
  await writeFile(join(path, "in it"), content);
}
