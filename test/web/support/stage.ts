/** What every file of these tests plays on: one edge with its devices, and one browser. */
import type { Browser, BrowserContextOptions } from "playwright-core";
import { afterAll, beforeAll } from "vitest";
import { type House, openHouse } from "../../e2e/support/house.ts";
import { openBrowser, openPerson, type Person } from "./browser.ts";

export type Stage = {
  readonly house: () => House;
  readonly url: () => string;
  /** A browser of one's own, as far as pages can tell. */
  readonly openPerson: (options?: BrowserContextOptions) => Promise<Person>;
};

/** Set up before the first test of the file that calls it, and taken down after the last. */
export function useStage(): Stage {
  let open: { readonly house: House; readonly browser: Browser } | undefined;
  beforeAll(async () => {
    const [house, browser] = await Promise.all([openHouse(), openBrowser()]);
    open = { house, browser };
  });
  afterAll(async () => {
    await open?.browser.close();
    await open?.house[Symbol.asyncDispose]();
  });
  const opened = () => {
    if (open === undefined) throw new Error("the stage is not set up yet");
    return open;
  };
  return {
    house: () => opened().house,
    url: () => opened().house.edge().url,
    openPerson: (options) => openPerson(opened().browser, options),
  };
}
