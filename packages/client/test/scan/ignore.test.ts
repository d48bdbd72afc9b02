import { ignoreFileBytesMax } from "@ashlar/shared/limits";
import fc from "fast-check";
import ignore from "ignore";
import { describe, expect, it } from "vitest";
import { DiskError } from "../../src/ports.ts";
import { ignoredByDefault, isIgnoredByDefault } from "../../src/scan/ignore-defaults.ts";
import { loadIgnore, rootedPattern } from "../../src/scan/ignore.ts";
import { MemoryTree } from "../support/memory-tree.ts";
import { Scanned } from "../support/scanned.ts";

/** Rules of a tree with these rule files, by folder. */
async function rulesOf(files: Readonly<Record<string, string>>) {
  const tree = new MemoryTree();
  const rules = loadIgnore(tree);
  for (const [folder, text] of Object.entries(files)) {
    if (folder !== "") tree.makeFolder(folder);
    const path = folder === "" ? ".ashlarignore" : `${folder}/.ashlarignore`;
    tree.write(path, text);
    await rules.enter(folder, tree.statOf(path));
  }
  return rules;
}

describe("ignore rules", () => {
  it.each([
    ".DS_Store",
    "._doc",
    "Thumbs.db",
    "desktop.ini",
    "~$report.docx",
    "~WRL0001.tmp",
    ".~lock.a.odt#",
    ".a.txt.swp",
    "a.swx",
    "4913",
    "a~",
    "#a#",
    ".#a",
    "film.part",
    "a.crdownload",
    ".nfs0001",
  ])("G1 %s is ignored in any folder", async (name) => {
    const rules = await rulesOf({});
    expect([rules.ignores(name, "file"), rules.ignores(`a/b/${name}`, "file")]).toEqual([true, true]);
  });

  it.each([".git", ".git/config", ".gitignore", ".ashlarignore", "a.tmp", "notes.swift", "node_modules", "part", "a~b", "thumbs.dbx"])(
    "G2 %s is not",
    async (name) => {
      const rules = await rulesOf({});
      expect(rules.ignores(name, "file")).toBe(false);
    },
  );

  it("G2 no folder is ignored by default, whatever its name", async () => {
    const rules = await rulesOf({});
    expect([rules.ignores("backup~", "folder"), rules.ignores("backup~/file", "file")]).toEqual([false, false]);
  });

  it("G1 the fast expression ignores what the list says in gitignore's syntax", () => {
    const matcher = ignore({ ignorecase: false }).add([...ignoredByDefault]);
    const parts = fc.constantFrom(
      "a",
      ".",
      "~",
      "$",
      "#",
      "tmp",
      "part",
      "swp",
      "sw",
      ".sw",
      "4913",
      ".DS_Store",
      ".#",
      "._",
      "Thumbs.db",
      "humbs.db",
      ".nfs",
      "partial",
    );
    const name = fc.array(parts, { minLength: 1, maxLength: 4 }).map((list) => list.join(""));
    fc.assert(
      fc.property(
        name.filter((text) => !/^\.{1,2}$/.test(text)),
        (text) => {
          expect(isIgnoredByDefault(text)).toBe(matcher.ignores(text));
        },
      ),
      { numRuns: 1000 },
    );
  });

  it("G3 a rule file has the syntax of gitignore, case as written", async () => {
    const rules = await rulesOf({ "": "# comment\n\n*.log\n!keep.log\r\n/top\nbuild/\ndocs/*.pdf\n\\#hash\n" });
    const verdicts = {
      "a.log": true,
      "x/a.log": true,
      "x/keep.log": false,
      "A.LOG": false,
      top: true,
      "x/top": false,
      build: false,
      "docs/a.pdf": true,
      "x/docs/a.pdf": false,
      "#hash": true,
    };
    for (const [path, verdict] of Object.entries(verdicts)) expect([path, rules.ignores(path, "file")]).toEqual([path, verdict]);
    expect([rules.ignores("x/build", "folder"), rules.ignores("x/build/deep/file", "file")]).toEqual([true, true]);
  });

  it("G4 a line with ! brings back what is ignored by default", async () => {
    const rules = await rulesOf({ "": "!*.part\n!.DS_Store\n" });
    expect([rules.ignores("film.part", "file"), rules.ignores("a/.DS_Store", "file"), rules.ignores("a~", "file")]).toEqual([
      false,
      false,
      true,
    ]);
  });

  it("G5 rules hold in their folder and below, and the deeper ones have the last word", async () => {
    const rules = await rulesOf({ "": "*.log\nout", a: "!*.log\n/tied\nb/c\nanywhere\n" });
    const verdicts = {
      "x.log": true,
      "a/x.log": false,
      "a/b/x.log": false,
      "a/tied": true,
      "a/b/tied": false,
      tied: false,
      "a/b/c": true,
      "b/c": false,
      "a/x/anywhere": true,
      anywhere: false,
      "a/out": true,
    };
    for (const [path, verdict] of Object.entries(verdicts)) expect([path, rules.ignores(path, "file")]).toEqual([path, verdict]);
  });

  it("G5 a folder's name is no pattern", () => {
    expect(rootedPattern("a*[b] !c", "x")).toEqual([String.raw`/a\*\[b\]\ \!c/**/x`]);
    expect(rootedPattern("a", "!/x/y/")).toEqual(["!/a/x/y/"]);
    expect([...rootedPattern("a", "# x"), ...rootedPattern("a", "  ")]).toEqual([]);
  });

  it("G5 rules hold in a folder whose name is full of pattern signs, and in no other", async () => {
    const rules = await rulesOf({ "a*[b] !c": "x" });
    expect([rules.ignores("a*[b] !c/x", "file"), rules.ignores("aa[b] !c/x", "file")]).toEqual([true, false]);
  });

  it("G6 names are matched in NFC, however disk and rule file spell them", async () => {
    const rules = await rulesOf({ "": "caf\u00e9\ne\u0301t\u00e9\n" });
    expect([rules.ignores("cafe\u0301", "file"), rules.ignores("\u00e9te\u0301", "file")]).toEqual([true, true]);
  });

  it("G7 rules that changed are taken in, and said to have changed; the same file again is not read", async () => {
    const tree = new MemoryTree();
    let reads = 0;
    const rules = loadIgnore({
      stat: (path) => tree.stat(path),
      open: (path) => {
        reads++;
        return tree.open(path);
      },
    });
    tree.write(".ashlarignore", "a");
    expect(await rules.enter("", tree.statOf(".ashlarignore"))).toBe(true);
    expect(await rules.enter("", tree.statOf(".ashlarignore"))).toBe(false);
    expect(reads).toBe(1);
    tree.write(".ashlarignore", "b");
    expect(await rules.enter("", tree.statOf(".ashlarignore"))).toBe(true);
    expect([rules.ignores("a", "file"), rules.ignores("b", "file")]).toEqual([false, true]);
    expect(await rules.enter("", undefined)).toBe(true);
    expect(rules.ignores("b", "file")).toBe(false);
  });

  it("G8 a rule file of 256 KiB is read, a longer one is refused", async () => {
    const line = "x".repeat(1023);
    await expect(rulesOf({ "": `${line}\n`.repeat(ignoreFileBytesMax / 1024) })).resolves.toBeDefined();
    await expect(rulesOf({ "": `${line}\n`.repeat(ignoreFileBytesMax / 1024) + "x" })).rejects.toBeInstanceOf(DiskError);
  });
});

describe("ignore rules in a scan", () => {
  it("G9 what rules ignore is not observed, and the rule file is", async () => {
    const folder = new Scanned();
    folder.tree.write(".ashlarignore", "*.log\nout/");
    folder.tree.write("a.log", "text");
    folder.tree.makeFolder("out");
    folder.tree.write("out/file", "text");
    folder.tree.makeSpecial("socket~");
    expect(await folder.scan()).toMatchObject({ observations: [{ name: ".ashlarignore" }], hindrances: [] });
    expect(folder.listed).toEqual([""]);
  });

  it("G10 a known node that becomes ignored is named as such and nothing more is observed of it or below", async () => {
    const folder = new Scanned();
    folder.tree.makeFolder("out");
    folder.tree.write("out/file", "text");
    await folder.scan();
    folder.tree.write(".ashlarignore", "out");
    const out = folder.view.at("out").id;
    expect(await folder.scan()).toMatchObject({ observations: [{ name: ".ashlarignore" }], ignored: [out] });
    folder.tree.remove("out");
    expect(await folder.scan()).toMatchObject({ observations: [], ignored: [out] });
  });

  it("G11 when a folder's rules change, everything below it is looked at", async () => {
    const folder = new Scanned();
    folder.tree.write(".ashlarignore", "*.log");
    folder.tree.makeFolder("a");
    folder.tree.makeFolder("a/b");
    folder.tree.write("a/b/x.log", "text");
    await folder.scan();
    folder.tree.write(".ashlarignore", "*.bak");
    expect(await folder.seen([""])).toEqual(["changed .ashlarignore", "appeared a/b/x.log"]);
  });

  it("G12 a scan of one folder knows the rules of those above it, also right after a start", async () => {
    const folder = new Scanned();
    folder.tree.write(".ashlarignore", "*.log");
    folder.tree.makeFolder("a");
    folder.tree.makeFolder("a/b");
    await folder.scan();
    folder.restart();
    folder.tree.write("a/b/x.log", "text");
    expect(await folder.seen(["a/b"])).toEqual([]);
  });

  it.each([["all"], [["a"]]] as const)(
    "G13 below rules that cannot be read nothing is looked at and nothing vanishes (%s)",
    async (folders) => {
      const folder = new Scanned();
      folder.tree.makeFolder("a");
      folder.tree.write("a/known", "text");
      await folder.scan();
      folder.restart();
      folder.tree.remove("a/known");
      folder.tree.write("a/private.log", "text");
      folder.tree.write(".ashlarignore", "*.log");
      folder.disk = {
        stat: (path) => folder.tree.stat(path),
        list: (path) => folder.tree.list(path),
        open: (path) => Promise.reject(new DiskError("no-permission", path)),
      };
      folder.restart();
      const { observations, hindrances } = await folder.scan(folders);
      expect(observations).toEqual([]);
      expect(hindrances).toMatchObject([{ reason: "unreadable" }]);
    },
  );
});
