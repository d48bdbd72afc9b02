import { constants, fstatSync, mkdtempSync, readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { OpenFile } from "../../src/node/open-file.ts";

const MiB = 1024 * 1024;

function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), "ashlar-open-file-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return join(folder, "file");
}

it("D28 what is written in small and in large pieces is read in small and in large pieces", async () => {
  const path = temporary();
  const bytes = Uint8Array.from({ length: 300_000 }, (_, at) => at % 251);
  {
    await using file = new OpenFile(path, constants.O_RDWR | constants.O_CREAT, 0o600);
    await file.write(bytes.subarray(100_000), 100_000);
    await file.write(bytes.subarray(0, 65_536), 0);
    await file.write(bytes.subarray(65_536, 100_000), 65_536);
    await file.flush();
    await file.flushContent();
    for (const size of [1, 65_536, 65_537, 300_000]) {
      const into = new Uint8Array(size);
      expect(await file.read(into, 300_000 - size)).toBe(size);
      expect(Buffer.compare(into, bytes.subarray(300_000 - size))).toBe(0);
      expect(await file.read(into, 300_000)).toBe(0);
    }
  }
  expect(Buffer.compare(readFileSync(path), bytes)).toBe(0);
});

it("D29 closing waits for a write under way", async () => {
  const path = temporary();
  const file = new OpenFile(path, constants.O_RDWR | constants.O_CREAT, 0o600);
  const bytes = new Uint8Array(16 * MiB).fill(7);
  const written = file.write(bytes, 0);
  const flushed = file.flush();
  const closed = file[Symbol.asyncDispose]();
  expect(fstatSync(file.descriptor).isFile()).toBe(true);
  await Promise.all([written, flushed, closed]);
  expect(Buffer.compare(readFileSync(path), bytes)).toBe(0);
  expect(() => fstatSync(file.descriptor)).toThrow("EBADF");
});

it("D30 closing twice leaves alone who has the number by then", async () => {
  const path = temporary();
  const file = new OpenFile(path, constants.O_RDWR | constants.O_CREAT, 0o600);
  await file[Symbol.asyncDispose]();
  await using other = new OpenFile(path, constants.O_RDWR, 0o600);
  expect(other.descriptor).toBe(file.descriptor);
  await file[Symbol.asyncDispose]();
  expect(fstatSync(other.descriptor).isFile()).toBe(true);
});
