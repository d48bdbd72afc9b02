/** The ways to the list of files, and to all that is done in it. */
import { seeded } from "../../e2e/support/random.ts";
import { expectSaid, goTo, rowOf, signUp, upload } from "../support/pages.ts";
import { kinds } from "./account.ts";
import { choose, menuOf, open, type Tour } from "./steps.ts";

const block = /\/v1\/blocks\/[0-9a-f]{64}$/;
const MiB = 1024 * 1024;

async function list(tour: Tour): Promise<void> {
  const { page, take, isPhone } = tour;
  await tour.enter();
  await rowOf(page, "Contracts").waitFor();
  await take(page, "files");
  await page.getByRole("button", { name: "Upload" }).click();
  await take(page, "upload-menu");
  await page.keyboard.press("Escape");
  await menuOf(tour, "budget.csv");
  await take(page, "files-menu");
  await page.keyboard.press("Escape");
  await menuOf(tour, "Design");
  await take(page, "files-menu-folder");
  await page.keyboard.press("Escape");
  if (isPhone) {
    await choose(tour, "budget.csv", "Select");
    await rowOf(page, "interview.wav").tap();
  } else {
    await rowOf(page, "budget.csv").click();
    await rowOf(page, "interview.wav").click({ modifiers: ["Control"] });
  }
  await take(page, "files-selected");
  await page.getByRole("button", { name: "More", exact: true }).click();
  await take(page, "files-selected-more");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Select nothing" }).click();
  await choose(tour, "budget.csv", "Rename");
  await take(page, "files-rename");
  await page.keyboard.press("Escape");
  if (!isPhone) {
    await page.getByRole("grid").focus();
    await page.keyboard.press("ArrowDown");
    await take(page, "files-focus");
    await page.keyboard.press("?");
    await page.getByRole("dialog").waitFor();
    await take(page, "keys");
    await page.keyboard.press("Escape");
  }
  await open(tour, "Archive");
  await page.getByText("1,000 items").waitFor();
  await take(page, "files-thousand");
  await goTo(page, "Files");
  for (const name of ["Design", "Stations and stops of the river line", "Drafts of the second round"]) {
    await rowOf(page, name).waitFor();
    await open(tour, name);
  }
  await rowOf(page, "plan.txt").waitFor();
  await take(page, "files-deep");
}

async function deeds(tour: Tour): Promise<void> {
  const { page, take } = tour;
  await tour.enter();
  await page.getByRole("button", { name: "New folder" }).click();
  await take(page, "new-folder");
  await page.getByRole("textbox", { name: "Name" }).fill("a/b");
  await page.getByRole("button", { name: "Make folder" }).click();
  await take(page, "new-folder-fault");
  await page.keyboard.press("Escape");
  await choose(tour, "budget.csv", "Move…");
  await page.getByRole("dialog").waitFor();
  await take(page, "move");
  await page.getByRole("dialog").getByRole("button", { name: "Design" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Stations" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Drafts" }).click();
  await page.getByText("No folders in here.").waitFor();
  await take(page, "move-deep");
  await page.keyboard.press("Escape");
  const files = await page.evaluateHandle(() => {
    const data = new DataTransfer();
    data.items.add(new File(["x"], "x.txt"));
    return data;
  });
  await page.dispatchEvent(".files", "dragover", { dataTransfer: files });
  await page.locator(".files__drop").waitFor();
  await take(page, "files-drag-over");
  await page.dispatchEvent(".files", "dragleave", { dataTransfer: files });
  await choose(tour, "config.json", "Delete");
  await expectSaid(page, "to the trash");
  await take(page, "toast-undo");
  await page.getByRole("button", { name: "Undo" }).click();
  await expectSaid(page, "Undone.");
  await page.getByRole("button", { name: "Dismiss" }).click();
  await page.getByRole("searchbox").fill("tram");
  await rowOf(page, "tram 1.png").waitFor();
  await take(page, "search");
  await page.getByRole("searchbox").fill("zeppelin");
  await page.getByRole("heading", { name: "Nothing is called" }).waitFor();
  await take(page, "search-nothing");
  await page.getByRole("searchbox").fill("");
  await page.goto(`${tour.url}/f/${"n".repeat(22)}`);
  await page.getByRole("heading", { name: "not there any more" }).waitFor();
  await take(page, "folder-gone");
}

async function uploads({ page, context, url, take }: Tour): Promise<void> {
  await signUp(page, url);
  let isHolding = true;
  let count = 0;
  const held: (() => Promise<void>)[] = [];
  await context.route(block, async (route) => {
    if (isHolding && count++ >= 3) held.push(() => route.continue());
    else await route.continue();
  });
  const random = seeded(9);
  await upload(page, [
    { name: "walk along the river, second part, with sound.mov", content: random.bytes(20 * MiB) },
    { name: "drawings.zip", content: random.bytes(9 * MiB) },
    { name: "tickets.csv", content: "a,b\n" },
    { name: "lines.csv", content: "a,b\n" },
  ]);
  await page.getByText("Uploading 2 files").waitFor();
  await page.waitForFunction(() => Number(document.querySelector(".transfers [role=progressbar]")?.getAttribute("aria-valuenow")) > 10);
  await take(page, "upload-under-way");
  await page.getByRole("button", { name: "Pause all" }).click();
  await page.getByText("Uploads paused").waitFor();
  await take(page, "upload-paused");
  await page.getByRole("link", { name: "Trash" }).click();
  await page.getByRole("heading", { name: "Trash", level: 1 }).waitFor();
  await take(page, "upload-beside-trash");
  await page.getByRole("link", { name: "Files" }).click();
  page.on("dialog", (dialog) => void dialog.accept());
  await page.reload();
  await page.getByText("Choose the file again to go on.").first().waitFor();
  await rowOf(page, "tickets.csv").waitFor();
  await take(page, "upload-interrupted");
  isHolding = false;
  await page.getByRole("button", { name: "Close" }).click();
  const problem = { type: "about:blank", status: 507, title: "The account's space is full.", code: "over-quota" };
  await context.route("**/v1/commits", (route) =>
    route.fulfill({ status: 507, contentType: "application/problem+json", body: JSON.stringify(problem) }),
  );
  await upload(page, [{ name: "one file too many.txt", content: "full" }]);
  await page.getByText("The account's space is full.").waitFor();
  await take(page, "upload-failed");
  await context.unroute("**/v1/commits");
  await page.getByRole("button", { name: /^Try/ }).click();
  await page.locator(".transfers").getByText("1 file uploaded").waitFor();
  await take(page, "upload-done");
}

async function offline(tour: Tour): Promise<void> {
  const { page, context, take } = tour;
  const sockets: { close(): Promise<void> }[] = [];
  await page.routeWebSocket(/\/v1\/events$/, (socket) => {
    socket.connectToServer();
    sockets.push({ close: () => socket.close({ code: 1001 }) });
  });
  await tour.enter();
  await rowOf(page, "Contracts").waitFor();
  await context.setOffline(true);
  for (const socket of sockets) await socket.close();
  await page.getByText("Offline", { exact: true }).waitFor();
  await take(page, "offline");
  await open(tour, "Photos");
  await page.getByRole("heading", { name: "This folder cannot be read now" }).waitFor({ timeout: 90_000 });
  await take(page, "offline-folder");
  await goTo(page, "Trash");
  await page.getByRole("heading", { name: "This page could not be loaded" }).waitFor();
  await take(page, "not-loaded");
  await goTo(page, "Files");
  await choose(tour, "budget.csv", "Delete");
  await page.locator(".toast").waitFor({ timeout: 90_000 });
  await take(page, "toast-fault");
}

const ready: Readonly<Record<keyof typeof kinds, string>> = {
  image: ".preview__media",
  video: "video",
  audio: "audio",
  pdf: "canvas[data-drawn=true]",
  text: ".preview__text",
  code: ".preview__text .hljs-keyword",
  markdown: ".prose table",
  other: ".empty",
};

async function previews(tour: Tour): Promise<void> {
  const { page, take } = tour;
  await tour.enter();
  for (const kind of Object.keys(kinds) as (keyof typeof kinds)[]) {
    const grid = page.getByRole("grid");
    const row = rowOf(page, kinds[kind]);
    for (let step = 0; step < 10 && (await row.count()) === 0; step++) await grid.evaluate((element) => element.scrollBy(0, 300));
    await open(tour, kinds[kind]);
    const dialog = page.getByRole("dialog", { name: kinds[kind] });
    await dialog.locator(ready[kind]).first().waitFor();
    await page.waitForFunction(() => [...document.images].every(({ complete }) => complete));
    if (kind === "video") await page.waitForFunction(() => (document.querySelector("video")?.readyState ?? 0) >= 2);
    await take(page, `preview-${kind}`);
    await page.getByRole("button", { name: "Close" }).click();
    await dialog.waitFor({ state: "detached" });
    await grid.evaluate((element) => element.scrollTo(0, 0));
  }
  await choose(tour, kinds.markdown, "Versions…");
  await page.getByRole("button", { name: "Restore" }).first().waitFor();
  await take(page, "versions");
}

export const filesTours = { list, deeds, uploads, offline, previews };
