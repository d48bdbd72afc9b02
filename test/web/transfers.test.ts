import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { BrowserContext } from "playwright-core";
import { expect, it } from "vitest";
import { seeded } from "../e2e/support/random.ts";
import { pixel } from "./support/media.ts";
import { goTo, rowOf, signIn, signUp, upload, uploaded } from "./support/pages.ts";
import { useStage } from "./support/stage.ts";

const MiB = 1024 * 1024;
const { house, openPerson, url } = useStage();
const random = seeded(7);
const bytesOf = (count: number): Buffer => random.bytes(count);

/** Bytes of content that the browser sent from here on: blocks, deltas and commits. */
function countSent(context: BrowserContext): () => number {
  let bytes = 0;
  context.on("request", (request) => {
    if (/\/v1\/(blocks\/[0-9a-f]{64}|commits)/.test(request.url())) bytes += request.postDataBuffer()?.length ?? 0;
  });
  return () => bytes;
}

it("WB30 files and folders that one chooses arrive at other devices byte for byte", async () => {
  await using person = await openPerson();
  const { page } = person;
  const email = await signUp(page, url());
  const large = bytesOf(5 * MiB);
  await uploaded(page, [
    { name: "large.bin", content: large },
    { name: "empty.txt", content: "" },
    { name: "naïve – file.txt", content: "ü" },
  ]);
  const chosen = join(house().directory, "chosen");
  await mkdir(join(chosen, "deep"), { recursive: true });
  await writeFile(join(chosen, "top.txt"), "top");
  await writeFile(join(chosen, "deep", "below.txt"), "below");
  await page.locator("input[data-upload=folder]").first().setInputFiles(chosen);
  await page.locator(".transfers").getByText("2 files uploaded").waitFor();

  const device = await house().device("receiver", { email });
  await device.once();
  expect((await readFile(join(device.folder, "large.bin"))).equals(large)).toBe(true);
  expect(await readFile(join(device.folder, "empty.txt"), "utf8")).toBe("");
  expect(await readFile(join(device.folder, "naïve – file.txt"), "utf8")).toBe("ü");
  expect(await readFile(join(device.folder, "chosen", "deep", "below.txt"), "utf8")).toBe("below");
  expect(person.faults).toEqual([]);
});

it("WB32 a file that replaces another sends what changed, and the version before is kept", async () => {
  await using person = await openPerson();
  const { page, context } = person;
  await signUp(page, url());
  const before = bytesOf(6 * MiB);
  await uploaded(page, [{ name: "data.bin", content: before }]);
  const after = Buffer.from(before);
  bytesOf(100).copy(after, 3 * MiB);
  const sent = countSent(context);
  await uploaded(page, [{ name: "data.bin", content: after }]);
  console.log(`a change of 100 bytes in 6 MiB sent ${sent()} bytes from the browser`);
  expect(sent()).toBeGreaterThan(0);
  expect(sent()).toBeLessThan(64 * 1024);

  await rowOf(page, "data.bin").click({ button: "right" });
  await page.getByRole("menuitem", { name: "Versions…" }).click();
  const versions = page.getByRole("dialog", { name: "Versions of “data.bin”" });
  await expect.poll(() => versions.getByRole("listitem").count()).toBe(2);
  await versions.getByRole("button", { name: "Restore" }).click();
  await expect.poll(() => versions.getByRole("listitem").count()).toBe(3);
});

it("WB37 what shrinks is sent compressed, and the encoder is loaded with the first file that needs it", async () => {
  await using person = await openPerson();
  const { page, context } = person;
  const loaded: string[] = [];
  page.on("request", (request) => loaded.push(request.url()));
  context.on("request", (request) => loaded.push(request.url()));
  const encoder = () => loaded.filter((address) => /zstd[^/]*\.wasm$/.test(address)).length;
  const email = await signUp(page, url());
  await uploaded(page, [{ name: "short.txt", content: "short" }]);
  expect(encoder()).toBe(0);
  const log = Buffer.from(Array.from({ length: 150_000 }, (_, index) => `line ${index} of a log, much like the one before it\n`).join(""));
  const sent = countSent(context);
  await uploaded(page, [{ name: "long.log", content: log }]);
  console.log(`a log of ${log.length} bytes was sent as ${sent()} bytes`);
  expect(sent()).toBeGreaterThan(0);
  expect(sent()).toBeLessThan(log.length / 4);
  expect(encoder()).toBeGreaterThan(0);
  const device = await house().device("reader", { email });
  await device.once();
  expect((await readFile(join(device.folder, "long.log"))).equals(log)).toBe(true);
  expect(person.faults).toEqual([]);
});

it("WB33 WB34 an upload waits, goes on, and after a reload sends nothing again that arrived", async () => {
  await using person = await openPerson();
  const { page, context } = person;
  await signUp(page, url());
  const block = /\/v1\/blocks\/[0-9a-f]{64}$/;
  const sent: string[] = [];
  const arrived = new Set<string>();
  let held = 0;
  let isHolding = true;
  await context.route(block, async (route) => {
    // The first two arrive, the others have to wait.
    if (isHolding && sent.length >= 2) {
      held++;
      return;
    }
    sent.push(route.request().url());
    await route.continue();
  });
  context.on("response", (response) => {
    if (block.test(response.url()) && response.ok()) arrived.add(response.url());
  });
  const big = join(house().directory, "big.bin");
  await writeFile(big, bytesOf(24 * MiB));
  await page.locator("input[data-upload=files]").first().setInputFiles(big);
  await expect.poll(() => held > 0 && arrived.size === 2).toBe(true);
  await page.getByRole("button", { name: "Pause big.bin" }).click();
  await page.getByText("Paused", { exact: true }).waitFor();

  page.on("dialog", (dialog) => void dialog.accept());
  await page.reload();
  await page.getByText("Choose the file again to go on.").waitFor();
  isHolding = false;
  sent.length = 0;
  const before = new Set(arrived);
  const chooser = page.waitForEvent("filechooser");
  await page.getByRole("button", { name: "Choose big.bin again" }).click();
  await (await chooser).setFiles(big);
  await page.locator(".transfers").getByText("1 file uploaded").waitFor();
  await rowOf(page, "big.bin").waitFor();
  expect(sent.length).toBeGreaterThan(0);
  expect(sent.filter((address) => before.has(address))).toEqual([]);
});

it("WB33 an upload that is cancelled leaves nothing, and one that fails says why and can be tried again", async () => {
  await using person = await openPerson();
  const { page, context } = person;
  await signUp(page, url());
  await context.route(/\/v1\/blocks\/[0-9a-f]{64}$/, () => undefined);
  await upload(page, [{ name: "stopped.bin", content: bytesOf(3 * MiB) }]);
  await page.getByRole("button", { name: "Cancel stopped.bin" }).click();
  await expect.poll(() => page.locator(".transfers").count()).toBe(0);
  await context.unroute(/\/v1\/blocks\/[0-9a-f]{64}$/);

  const problem = { type: "about:blank", status: 507, title: "The account's space is full.", code: "over-quota" };
  await context.route("**/v1/commits", (route) =>
    route.fulfill({ status: 507, contentType: "application/problem+json", body: JSON.stringify(problem) }),
  );
  await upload(page, [{ name: "full.txt", content: "full" }]);
  await page.getByText("The account's space is full.").waitFor();
  await context.unroute("**/v1/commits");
  await page.getByRole("button", { name: "Try full.txt again" }).click();
  await rowOf(page, "full.txt").waitFor();
  await expect.poll(() => page.locator(".grid__item").count()).toBe(1);
});

it("WB38 who signs out leaves nothing behind of what was being uploaded", async () => {
  await using person = await openPerson();
  const { page, context } = person;
  await signUp(page, url());
  await context.route(/\/v1\/blocks\/[0-9a-f]{64}$/, () => undefined);
  await upload(page, [{ name: "private.bin", content: bytesOf(3 * MiB) }]);
  await page.getByRole("button", { name: "Pause private.bin" }).click();
  const kept = () =>
    page.evaluate(
      () =>
        new Promise<number>((resolve, reject) => {
          const opening = indexedDB.open("ashlar");
          opening.addEventListener("error", () => reject(opening.error ?? new Error("not opened")));
          opening.addEventListener("success", () => {
            const counting = opening.result.transaction("uploads").objectStore("uploads").count();
            counting.addEventListener("success", () => resolve(counting.result));
          });
        }),
    );
  expect(await kept()).toBe(1);
  await goTo(page, "Settings");
  await page.getByRole("region", { name: "Account" }).getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign in to Ashlar" }).waitFor();
  await expect.poll(kept).toBe(0);
  expect(person.faults).toEqual([]);
});

it("WB38 who signs out leaves nothing in the browser's cache of what was looked at", async () => {
  await using person = await openPerson();
  const { page } = person;
  const email = await signUp(page, url());
  await uploaded(page, [{ name: "private.png", content: pixel }]);
  const answered = page.waitForResponse((response) => response.url().includes("/v1/c/"));
  await rowOf(page, "private.png").dblclick();
  const address = (await answered).url();
  const cached = () =>
    page.evaluate(async (asked) => {
      const answer = await fetch(asked, { cache: "only-if-cached", mode: "same-origin" }).catch(() => undefined);
      return answer?.ok === true;
    }, address);
  await expect.poll(cached).toBe(true);
  await page.keyboard.press("Escape");
  await goTo(page, "Settings");
  await page.getByRole("region", { name: "Account" }).getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign in to Ashlar" }).waitFor();
  // The browser clears it beside the answer.
  await expect.poll(cached).toBe(false);
  await signIn(page, url(), email);
});

it("WB35 a file is downloaded under its name, with its bytes", async () => {
  await using person = await openPerson();
  const { page } = person;
  await signUp(page, url());
  const content = bytesOf(2 * MiB);
  await uploaded(page, [{ name: "Übersicht (1).pdf", content }]);
  await rowOf(page, "Übersicht (1).pdf").click();
  const download = page.waitForEvent("download");
  await page.getByRole("toolbar").getByRole("button", { name: "Download" }).click();
  const saved = await download;
  expect(saved.suggestedFilename()).toBe("Übersicht (1).pdf");
  expect((await readFile(await saved.path())).equals(content)).toBe(true);
});
