import { expect, it } from "vitest";
import { filesOfDrop } from "../src/transfer/dropped.ts";

/** As much of a browser's directory as the walk uses: a reader answers with a hundred at a time, and with none at the end. */
function directory(name: string, children: readonly object[]): FileSystemDirectoryEntry {
  const entry = {
    name,
    isDirectory: true,
    createReader() {
      let at = 0;
      return {
        readEntries: (resolve: (entries: readonly object[]) => void) => {
          resolve(children.slice(at, at + 100));
          at += 100;
        },
      };
    },
  };
  return entry as unknown as FileSystemDirectoryEntry;
}
const file = (name: string) => ({ name, isDirectory: false, file: (resolve: (file: File) => void) => resolve(new File([name], name)) });

const transferOf = (entry: object | null, loose?: File): DataTransfer =>
  ({ items: [{ kind: "file", webkitGetAsEntry: () => entry, getAsFile: () => loose ?? null }] }) as unknown as DataTransfer;

it("WB31 a folder that is dropped comes whole, however many are in it, with its empty folders", async () => {
  const many = Array.from({ length: 250 }, (_, index) => file(`${index}.txt`));
  const { files, folders } = await filesOfDrop(
    transferOf(directory("top", [...many, directory("empty", []), directory("deep", [file("below.txt")])])),
  );
  expect(files.length).toBe(251);
  expect(files.at(-1)).toMatchObject({ folders: ["top", "deep"] });
  expect(folders).toEqual([["top"], ["top", "empty"], ["top", "deep"]]);
});

it("WB31 a file that is dropped comes by itself", async () => {
  const { files, folders } = await filesOfDrop(transferOf(null, new File(["x"], "x.txt")));
  expect(files.map(({ file: { name }, folders: above }) => ({ name, above }))).toEqual([{ name: "x.txt", above: [] }]);
  expect(folders).toEqual([]);
});
