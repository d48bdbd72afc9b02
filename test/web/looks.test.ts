import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { root } from "../../scripts/local/root.ts";
import { violations } from "./support/axe.ts";
import { pdfOf, pixel, wavOf } from "./support/media.ts";
import { expectSaid, goTo, makeFolder, rowOf, signUp, uploaded } from "./support/pages.ts";
import { useStage } from "./support/stage.ts";

const firstScriptBytesMax = 150_000;

const { openPerson, url } = useStage();

it("WB90 no place of the app has a fault that the accessibility checker finds, light or dark, wide or narrow", async () => {
  await using person = await openPerson();
  const { page } = person;
  await page.goto(url());
  await page.getByRole("heading", { name: "Sign in to Ashlar" }).waitFor();
  expect(await violations(page)).toEqual([]);
  await signUp(page, url());
  await page.getByText("No files yet").waitFor();
  expect(await violations(page)).toEqual([]);
  await makeFolder(page, "Folder");
  await uploaded(page, [
    { name: "read.md", content: "# Title\n\ntext" },
    { name: "movie.mp4", content: "none" },
  ]);
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    for (const width of [1280, 390]) {
      await page.setViewportSize({ width, height: 800 });
      for (const name of ["Files", "Shared", "Trash", "Rewind", "Insights", "Settings"]) {
        await goTo(page, name);
        await page.getByRole("heading", { name, level: 1 }).waitFor();
        await expect.poll(() => page.locator(".spinner").count()).toBe(0);
        expect(await violations(page), `${name} ${colorScheme} ${width}`).toEqual([]);
      }
      await goTo(page, "Files");
      await rowOf(page, "Folder").click({ modifiers: ["Control"] });
      expect(await violations(page), `a selection ${colorScheme} ${width}`).toEqual([]);
      await page.getByRole("button", { name: "Select nothing" }).click();
    }
  }
}, 400_000);

it("WB91 the scripts of the first page come to less than 150 kB compressed", async () => {
  const html = await readFile(join(root, "dist/web/index.html"), "utf8");
  const scripts = [...html.matchAll(/(?:src|href)="\/(assets\/[^"]+\.js)"/g)].map(([, path]) => path ?? "");
  expect(scripts.length).toBeGreaterThan(0);
  let bytes = 0;
  for (const path of scripts) bytes += gzipSync(await readFile(join(root, "dist/web", path)), { level: 9 }).length;
  console.log(`first page: ${scripts.length} scripts, ${bytes} bytes compressed`);
  expect(bytes).toBeLessThan(firstScriptBytesMax);
});

const id = (number: number): string => `n${String(number).padStart(21, "0")}`;

/** The root's listing, as the server would answer it, with so many files. */
async function fillRoot(page: Page, count: number): Promise<void> {
  const pageSize = 1000;
  const rootNode = "rootrootrootrootrootrt";
  let real: Promise<string> | undefined;
  await page.context().route(/\/v1\/tree$/, async (route) => {
    const asked = route.request().postDataJSON() as { folders: { node: string; after?: string }[] };
    const after = asked.folders[0]?.after;
    const from = after === undefined ? 0 : Number(after.slice(5, 11)) + 1;
    real ??= route.fetch({ postData: { folders: [{ node: rootNode }] } }).then((answer) => answer.text());
    const [place] = (JSON.parse(await real) as { folders: { epoch: string; head: number; folder: object }[] }).folders;
    const children = Array.from({ length: Math.min(pageSize, count - from) }, (_, index) => ({
      node: id(from + index),
      parent: rootNode,
      name: `file ${String(from + index).padStart(6, "0")}.txt`,
      kind: "file",
      rev: 1,
      version: 1,
      size: from + index,
      mtimeMs: 1_700_000_000_000,
      mode: 420,
      digest: "0".repeat(64),
      manifest: null,
    }));
    const next = from + pageSize < count ? (children.at(-1)?.name ?? null) : null;
    await route.fulfill({ json: { folders: [{ ...place, children, next }] } });
  });
}

it("WB11 of 100,000 entries only those in view are in the page, from the first to the last", async () => {
  await using person = await openPerson();
  const { page } = person;
  await signUp(page, url());
  await fillRoot(page, 100_000);
  await page.reload();
  await page.getByText("100,000 items").waitFor({ timeout: 60_000 });
  const rows = page.locator(".grid__item");
  expect(await rows.count()).toBeLessThan(60);
  const grid = page.getByRole("grid");
  expect(await grid.getAttribute("aria-rowcount")).toBe("100001");
  await grid.focus();
  await page.keyboard.press("End");
  await page.getByText("file 099999.txt").waitFor();
  expect(await rows.count()).toBeLessThan(60);
  await page.keyboard.press("Home");
  await page.getByText("file 000000.txt").waitFor();
});

it("WB92 the first list of 1,000 entries shows with one page of the tree, and what it took is printed", async () => {
  await using person = await openPerson();
  const { page } = person;
  await signUp(page, url());
  await fillRoot(page, 1000);
  const asked: string[] = [];
  page.on("request", (request) => {
    if (new URL(request.url()).pathname === "/v1/tree") asked.push(request.url());
  });
  await page.addInitScript(() => {
    const before = window.fetch.bind(window);
    window.fetch = async (...args) => {
      const answer = await before(...args);
      if (new URL(answer.url).pathname === "/v1/tree") performance.mark("data");
      return answer;
    };
    new MutationObserver((_, watch) => {
      if (document.querySelector(".grid__item") === null) return;
      watch.disconnect();
      requestAnimationFrame(() => performance.mark("shown"));
    }).observe(document, { childList: true, subtree: true });
  });
  await page.reload();
  await page.getByText("1,000 items").waitFor();
  const tookMs = await page.evaluate(() => performance.measure("list", "data", "shown").duration);
  console.log(`1,000 entries: ${Math.round(tookMs)} ms from the answer to the list`);
  expect(tookMs).toBeGreaterThan(0);
  // One that lists it, and one that tells the journal's place.
  expect(asked.length).toBeLessThanOrEqual(2);
});

it("WB93 no screen makes the browser complain, nor does the policy of the pages refuse anything", async () => {
  await using person = await openPerson();
  const { page } = person;
  await page.addInitScript(() => {
    addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI, sourceFile }) =>
      console.error(`refused: ${violatedDirective} ${blockedURI} ${sourceFile}`),
    );
  });
  await signUp(page, url());
  await makeFolder(page, "Folder");
  await uploaded(page, [
    { name: "a.md", content: "# Title\n\n- one\n\n| a | b |\n| - | - |\n| 1 | 2 |\n" },
    { name: "b.pdf", content: pdfOf("Words") },
    { name: "c.png", content: pixel },
    { name: "d.wav", content: wavOf(1) },
    { name: "e.ts", content: "export const one = 1;\n" },
  ]);
  await rowOf(page, "a.md").dblclick();
  await page.getByRole("heading", { name: "Title" }).waitFor();
  await page.getByRole("button", { name: "Next file" }).click();
  await page.locator("canvas[data-drawn=true]").waitFor();
  for (const name of ["c.png", "d.wav", "e.ts"]) {
    await page.getByRole("button", { name: "Next file" }).click();
    await page.getByRole("dialog", { name }).waitFor();
    await expect.poll(() => page.getByRole("dialog").locator("img, audio, .preview__text").count()).toBe(1);
  }
  await page.keyboard.press("Escape");
  for (const item of ["Versions…", "Move…", "Share…"]) {
    await rowOf(page, "a.md").click({ button: "right" });
    await page.getByRole("menuitem", { name: item }).click();
    await page.getByRole("dialog").waitFor();
    await page.keyboard.press("Escape");
  }
  for (const name of ["Shared", "Trash", "Rewind", "Insights", "Settings"]) {
    await goTo(page, name);
    await page.getByRole("heading", { name, level: 1 }).waitFor();
    await expect.poll(() => page.locator(".spinner").count()).toBe(0);
  }
  for (const path of ["/link", "/s/abcdefghijklmnopqrstuv", "/nowhere"]) {
    await page.goto(url() + path);
    await page
      .getByRole("heading", { level: 1 })
      .or(page.getByRole("heading", { name: "There is nothing under this link" }))
      .waitFor();
  }
  expect(person.faults).toEqual([]);
});

it("WB94 a page, or something over one, whose script does not come says so, and the rest of the app goes on", async () => {
  await using person = await openPerson();
  const { page, context } = person;
  await signUp(page, url());
  await uploaded(page, [{ name: "note.txt", content: "words" }]);
  await context.route(/\/assets\/(trash|versions-dialog)-[^/]+\.js$/, (route) => route.abort());
  await goTo(page, "Trash");
  await page.getByRole("heading", { name: "This page could not be loaded" }).waitFor();
  expect(await violations(page)).toEqual([]);
  await goTo(page, "Files");
  await rowOf(page, "note.txt").click({ button: "right" });
  await page.getByRole("menuitem", { name: "Versions…" }).click();
  await expectSaid(page, "This could not be loaded.");
  await rowOf(page, "note.txt").dblclick();
  await page.getByText("words", { exact: true }).waitFor();
  await page.keyboard.press("Escape");
  await context.unroute(/\/assets\/(trash|versions-dialog)-[^/]+\.js$/);
  await page.getByRole("button", { name: "Reload" }).click();
  await goTo(page, "Trash");
  await page.getByRole("heading", { name: "The trash is empty" }).waitFor();
});
