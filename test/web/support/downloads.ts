import { readFile } from "node:fs/promises";
import type { Page } from "playwright-core";
import { unzip } from "../../../workers/api/test/support/unzip.ts";

export type Saved = {
  readonly name: string;
  readonly bytes: Buffer;
  /** Of an archive, checked against its checksums; in order of name. */
  entries(): string[];
};

/** What the browser saves when that is done. */
export async function savedBy(page: Page, deed: () => Promise<void>): Promise<Saved> {
  const [download] = await Promise.all([page.waitForEvent("download"), deed()]);
  const bytes = await readFile(await download.path());
  return {
    name: download.suggestedFilename(),
    bytes,
    entries: () =>
      unzip(bytes)
        .map(({ name }) => name)
        .toSorted((a, b) => (a < b ? -1 : 1)),
  };
}
