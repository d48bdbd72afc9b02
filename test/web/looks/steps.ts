/** What the tours do again and again. */
import type { BrowserContext, Page } from "playwright-core";
import type { House } from "../../e2e/support/house.ts";
import { goTo, rowOf } from "../support/pages.ts";
import type { Furnished } from "./account.ts";
import type { Camera } from "./camera.ts";

export type Tour = {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly url: string;
  readonly house: House;
  readonly isPhone: boolean;
  readonly furnished: Furnished;
  /** Signs in to the furnished account. */
  readonly enter: () => Promise<void>;
} & Camera;

/** As a thumb does it, or a mouse. */
export async function open({ page, isPhone }: Tour, name: string): Promise<void> {
  if (isPhone) await rowOf(page, name).tap();
  else await rowOf(page, name).dblclick();
}

export async function menuOf({ page, isPhone }: Tour, name: string): Promise<void> {
  if (isPhone) await page.getByRole("button", { name: `More for ${name}` }).tap();
  else await rowOf(page, name).click({ button: "right" });
  await page.getByRole("menu").waitFor();
}

export async function choose(tour: Tour, name: string, item: string): Promise<void> {
  await menuOf(tour, name);
  await tour.page.getByRole("menuitem", { name: item }).click();
}

const settled = (page: Page) => page.waitForFunction(() => document.querySelector(".spinner") === null);

export async function place(tour: Tour, name: string): Promise<void> {
  await goTo(tour.page, name);
  await tour.page.getByRole("heading", { name, level: 1 }).waitFor();
  await settled(tour.page);
}
