/** Takes the picture of a screen, light and dark, and looks for what a picture of it would show to be wrong. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { violations } from "../support/axe.ts";

export type Size = "wide" | "phone";
export type Camera = { readonly take: (page: Page, name: string, options?: { readonly isWhole?: boolean }) => Promise<void> };

/** The least that a thumb hits. */
const touchPx = 40;

export async function openCamera(folder: string, size: Size): Promise<Camera> {
  await mkdir(folder, { recursive: true });
  return {
    async take(page, name, { isWhole = false } = {}) {
      const before = page.viewportSize();
      if (before === null) throw new Error("the page has no size");
      if (isWhole) await page.setViewportSize({ ...before, height: await page.evaluate(wholeHeight, before.height) });
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
        // Charts are drawn anew when the colours change.
        await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
        const path = join(folder, `${name}.${size}.${colorScheme}.png`);
        await page.screenshot({ path, animations: "disabled", caret: "initial" });
        for (const violation of await violations(page)) console.log(`${name} ${size} ${colorScheme}: ${violation}`);
      }
      for (const fault of await page.evaluate(faultsOfLayout, size === "phone" ? touchPx : 0)) console.log(`${name} ${size}: ${fault}`);
      if (isWhole) await page.setViewportSize(before);
    },
  };
}

/** High enough for all of the page that scrolls in it. */
function wholeHeight(least: number): number {
  const hidden = [...document.querySelectorAll(".page, .guest, .gate")].map(
    ({ scrollHeight, clientHeight }) => scrollHeight - clientHeight,
  );
  return least + Math.max(0, ...hidden);
}

function faultsOfLayout(least: number): string[] {
  const faults: string[] = [];
  const top = document.querySelector("dialog[open]") ?? document.body;
  if (document.documentElement.scrollWidth > innerWidth) faults.push(`the page is ${document.documentElement.scrollWidth} px wide`);
  for (const element of top.querySelectorAll("*")) {
    const { width, height, left, right } = element.getBoundingClientRect();
    if (width <= 1 || height <= 1 || getComputedStyle(element).visibility === "hidden") continue;
    const name = `${element.tagName.toLowerCase()}.${element.className} “${(element.getAttribute("aria-label") ?? element.textContent).slice(0, 40)}”`;
    const isScrolling = element.closest("pre, .numbers__scroll, .preview__paper") !== null;
    if ((right > innerWidth + 1 || left < -1) && !isScrolling) faults.push(`out of the window: ${name}`);
    const isControl = element.matches("a, button, input, select, summary, label.check, [role=menuitem]");
    const box = element.closest("label")?.getBoundingClientRect() ?? { width, height };
    if (isControl && (box.height < least || box.width < least) && !element.matches(".prose a"))
      faults.push(`${Math.round(box.width)} × ${Math.round(box.height)} px to touch: ${name}`);
  }
  return [...new Set(faults)];
}
