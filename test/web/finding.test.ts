import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { seeded } from "../e2e/support/random.ts";
import { savedBy } from "./support/downloads.ts";
import { goTo, makeFolder, namesOn, rowOf, signUp, uploaded } from "./support/pages.ts";
import { useStage } from "./support/stage.ts";

const { house, openPerson, url } = useStage();

it("WB20 a search finds files and folders by a part of their name, wherever they are, and opens them", async () => {
  await using person = await openPerson();
  const { page } = person;
  const email = await signUp(page, url());
  const device = await house().device("finder", { email, direct: true });
  await mkdir(join(device.folder, "Work", "Übersichten"), { recursive: true });
  await writeFile(join(device.folder, "Work", "Übersichten", "overview.txt"), "found it");
  await writeFile(join(device.folder, "other.txt"), "other");
  await device.once();
  await rowOf(page, "Work").waitFor();

  await page.getByRole("searchbox").fill("OVERV");
  const found = page.getByRole("grid", { name: "Found for OVERV" });
  await expect.poll(() => found.locator(".grid__item").count()).toBe(1);
  await found.getByText("Work/Übersichten").waitFor();
  await page.getByText("1 item found").waitFor();
  await rowOf(page, "overview.txt").dblclick();
  await page.getByText("found it").waitFor();
  await page.keyboard.press("Escape");

  await page.getByRole("searchbox").fill("übers");
  await rowOf(page, "Übersichten").dblclick();
  await page.getByRole("heading", { name: "Übersichten", level: 1 }).waitFor();
  await rowOf(page, "overview.txt").waitFor();
  expect(await page.getByRole("searchbox").inputValue()).toBe("");

  await page.getByRole("searchbox").fill("other");
  await rowOf(page, "other.txt").click({ button: "right" });
  await page.getByRole("menuitem", { name: "Show in its folder" }).click();
  await page.getByRole("heading", { name: "Files", level: 1 }).waitFor();
  await rowOf(page, "Work").waitFor();

  await page.getByRole("searchbox").fill("no such thing");
  await page.getByRole("heading", { name: "Nothing is called “no such thing”" }).waitFor();
  await page.getByRole("searchbox").press("Escape");
  await rowOf(page, "other.txt").waitFor();
  expect(person.faults).toEqual([]);
});

it("WB22 what a search found is renamed, moved and deleted as in its folder, and the results follow", async () => {
  await using person = await openPerson();
  const { page } = person;
  const email = await signUp(page, url());
  const device = await house().device("mover", { email, direct: true });
  for (const folder of ["Here", "There"]) await mkdir(join(device.folder, folder), { recursive: true });
  for (const name of ["note one.txt", "note two.txt"]) await writeFile(join(device.folder, "Here", name), name);
  await device.once();
  await rowOf(page, "There").waitFor();
  await page.getByRole("searchbox").fill("note");
  await expect.poll(() => namesOn(page)).toEqual(["note one.txt", "note two.txt"]);

  await rowOf(page, "note one.txt").click();
  await page.keyboard.press("F2");
  await page.getByRole("textbox", { name: "New name of note one.txt" }).fill("note 1.txt");
  await page.keyboard.press("Enter");
  await expect.poll(() => namesOn(page)).toEqual(["note 1.txt", "note two.txt"]);

  await rowOf(page, "note two.txt").click({ button: "right" });
  await page.getByRole("menuitem", { name: "Move…" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: "Files" }).click();
  await dialog.getByRole("button", { name: "There" }).click();
  await dialog.getByRole("button", { name: "Move here" }).click();
  await rowOf(page, "note two.txt").getByText("There", { exact: true }).waitFor();

  await rowOf(page, "note two.txt").click();
  await page.getByRole("toolbar").getByRole("button", { name: "Delete" }).click();
  await expect.poll(() => namesOn(page)).toEqual(["note 1.txt"]);
  await page.locator(".toast", { hasText: "to the trash" }).getByRole("button", { name: "Undo" }).click();
  await expect.poll(() => namesOn(page)).toEqual(["note 1.txt", "note two.txt"]);

  await device.once();
  expect(await readFile(join(device.folder, "Here", "note 1.txt"), "utf8")).toBe("note one.txt");
  expect(await readFile(join(device.folder, "There", "note two.txt"), "utf8")).toBe("note two.txt");
  expect(person.faults).toEqual([]);
});

it("WB21 on a phone a tap opens, and a button in each row has what else can be done with it, or with several", async () => {
  await using person = await openPerson({ viewport: { width: 390, height: 800 }, hasTouch: true, isMobile: true });
  const { page } = person;
  await signUp(page, url());
  await makeFolder(page, "Pocket");
  await page.getByRole("button", { name: "Select nothing" }).tap();
  await page.getByRole("button", { name: "More for Pocket" }).tap();
  await page.getByRole("menuitem", { name: "Rename" }).tap();
  await page.getByRole("textbox", { name: "New name of Pocket" }).fill("Purse");
  await page.keyboard.press("Enter");
  await rowOf(page, "Purse").waitFor();
  // A long touch, as browsers tell it.
  const bar = page.getByRole("toolbar", { name: "What is selected" });
  await rowOf(page, "Purse").evaluate((row) =>
    row.dispatchEvent(new PointerEvent("contextmenu", { pointerType: "touch", bubbles: true, cancelable: true })),
  );
  await bar.getByText("1 item").waitFor();
  expect(await page.getByRole("menu").count()).toBe(0);
  await bar.getByRole("button", { name: "Select nothing" }).tap();
  await page.getByRole("button", { name: "More for Purse" }).tap();
  await page.getByRole("menuitem", { name: "Select" }).tap();
  await bar.getByText("1 item").waitFor();
  await bar.getByRole("button", { name: "Select nothing" }).tap();
  // Beside an open menu, a tap closes it and does nothing else.
  await page.getByRole("button", { name: "More for Purse" }).tap();
  await page.getByRole("menu", { name: "Purse" }).waitFor();
  await page.touchscreen.tap(20, 20);
  await page.getByRole("menu").waitFor({ state: "detached" });
  expect(await bar.count()).toBe(0);
  await rowOf(page, "Purse").tap();
  await page.getByRole("heading", { name: "Purse", level: 1 }).waitFor();
  await page.getByText("This folder is empty").waitFor();
  expect(person.faults).toEqual([]);
});

it("WB36 a folder, or several things at once, come as one archive", async () => {
  await using person = await openPerson();
  const { page } = person;
  const email = await signUp(page, url());
  const device = await house().device("packer", { email, direct: true });
  const large = seeded(11).bytes(3_000_000);
  await mkdir(join(device.folder, "Album", "empty"), { recursive: true });
  await writeFile(join(device.folder, "Album", "large.bin"), large);
  await writeFile(join(device.folder, "note.txt"), "note");
  await device.once();
  await rowOf(page, "Album").click();
  const download = () => page.getByRole("toolbar").getByRole("button", { name: "Download" }).click();
  const one = await savedBy(page, download);
  expect(one.name).toBe("Album.zip");
  expect(one.entries()).toEqual(["Album/", "Album/empty/", "Album/large.bin"]);
  expect(one.bytes.includes(large)).toBe(true);
  await rowOf(page, "note.txt").click({ modifiers: ["Control"] });
  const both = await savedBy(page, download);
  expect(both.name).toMatch(/\.zip$/);
  expect(both.entries()).toEqual(["Album/", "Album/empty/", "Album/large.bin", "note.txt"]);
  expect(person.faults).toEqual([]);
});

it("WB80 the pictures of the insights have their numbers beside them as text", async () => {
  await using person = await openPerson();
  const { page } = person;
  const email = await signUp(page, url());
  const device = await house().device("busy", { email, direct: true });
  await mkdir(device.folder, { recursive: true });
  await writeFile(join(device.folder, "one.bin"), seeded(12).bytes(1_000_000));
  await device.once();
  await writeFile(join(device.folder, "two.bin"), seeded(12).bytes(1_000_000));
  await device.once();
  await goTo(page, "Insights");

  const storage = page.getByRole("region", { name: "Storage" });
  await expect.poll(() => storage.locator(".tile", { hasText: "Your files" }).innerText()).toContain("2 MB");
  await expect.poll(() => storage.locator(".tile", { hasText: "Saved in storage" }).innerText()).toContain("1 MB");
  const sent = page.getByRole("region", { name: "Sent per day" });
  await sent.getByRole("img", { name: "Bytes sent per day" }).locator("canvas").waitFor();
  await sent.getByText("The numbers").click();
  const row = sent.getByRole("row").nth(1);
  const today = new Date().toLocaleDateString("en-US", { day: "numeric", month: "short", timeZone: "UTC" });
  expect((await row.getByRole("cell").allInnerTexts()).slice(0, 3)).toEqual([today, "2 MB", "1 MB"]);
  const activity = page.getByRole("region", { name: "Changes by device" });
  await activity.getByText("The numbers").click();
  expect(await activity.getByRole("row").nth(1).getByRole("cell").first().innerText()).toBe("busy");
  expect(person.faults).toEqual([]);
});

it("WB80 how quickly changes arrive is told by the devices that they arrive at", async () => {
  await using person = await openPerson();
  const { page } = person;
  const email = await signUp(page, url());
  const device = await house().device("listener", { email, direct: true });
  await mkdir(device.folder, { recursive: true });
  await using running = device.start();
  await expect.poll(() => running.events.some(({ type, state }) => type === "feed" && state === "live")).toBe(true);
  await goTo(page, "Insights");
  const push = page.getByRole("region", { name: "How quickly changes arrive" });
  await push.getByText("No other device has told of a change").waitFor();

  await goTo(page, "Files");
  await uploaded(page, [{ name: "news.txt", content: "news" }]);
  await expect.poll(() => readFile(join(device.folder, "news.txt"), "utf8").catch(() => "")).toBe("news");
  await expect
    .poll(async () => {
      await goTo(page, "Files");
      await goTo(page, "Insights");
      return push.getByRole("paragraph").first().innerText();
    })
    .toMatch(/half of 1 change within/);
  await push.getByRole("img", { name: "Changes by the time they took" }).locator("canvas").waitFor();
  await push.getByText("The numbers").click();
  const counts = await push.locator("tbody td:last-child").allInnerTexts();
  expect(counts.reduce((sum, count) => sum + Number(count), 0)).toBe(1);
  expect(person.faults).toEqual([]);
});
