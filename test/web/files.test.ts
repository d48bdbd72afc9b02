import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { WebSocketRoute } from "playwright-core";
import { expect, it } from "vitest";
import { goTo, makeFolder, namesOn, rowOf, expectSaid, signIn, signUp, upload, uploaded } from "./support/pages.ts";
import { useStage } from "./support/stage.ts";

const { house, openPerson, url } = useStage();

it("WB1 a session lasts over a reload, in a cookie that no script can read, and ends when one signs out", async () => {
  await using person = await openPerson();
  const { page, context } = person;
  const email = await signUp(page, url());
  await page.reload();
  await page.getByText("Up to date, live").waitFor();

  const cookies = (await context.cookies()).filter(({ name }) => name.includes("ashlar-session"));
  expect(cookies.map(({ httpOnly, sameSite }) => ({ httpOnly, sameSite }))).toEqual([{ httpOnly: true, sameSite: "Strict" }]);
  const kept = await page.evaluate(() => JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage), document.cookie]));
  expect(kept).not.toContain(cookies[0]?.value);
  expect(kept).not.toContain("eyJ");

  await goTo(page, "Settings");
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign in to Ashlar" }).waitFor();
  await page.reload();
  await page.getByRole("heading", { name: "Sign in to Ashlar" }).waitFor();
  await signIn(page, url(), email);
  expect(person.faults).toEqual([]);
});

it("WB2 what is wrong with a sign-in is said where it is", async () => {
  await using person = await openPerson();
  const { page } = person;
  const email = await signUp(page, url());
  await using other = await openPerson();
  await other.page.goto(url());
  await other.page.getByLabel("E-mail").fill(email);
  await other.page.getByLabel("Password").fill("not the password");
  await other.page.getByRole("button", { name: "Sign in", exact: true }).click();
  await other.page.getByRole("alert").getByText("The e-mail address or the password is wrong.").waitFor();
  await other.page.getByLabel("Password").fill("short");
  await other.page.getByRole("button", { name: "Sign in", exact: true }).click();
  expect(await other.page.getByLabel("Password").getAttribute("aria-invalid")).toBe("true");
  await other.page.getByRole("button", { name: "Create an account" }).click();
  await other.page.getByLabel("Password").fill("a good password");
  await other.page.getByRole("button", { name: "Create account" }).click();
  await other.page.getByText("There is an account with this address already").waitFor();
});

it("WB10 WB12 a folder shows what other devices do to it, without a reload, and sorts by what one chooses", async () => {
  await using person = await openPerson();
  await using second = await openPerson();
  const email = await signUp(person.page, url());
  await signIn(second.page, url(), email);
  const command = await house().device(`live-${Date.now()}`, { email });
  await mkdir(join(command.folder, "Folder"), { recursive: true });
  await writeFile(join(command.folder, "b10.txt"), "longer");
  await writeFile(join(command.folder, "b9.txt"), "0");
  await command.once();

  for (const { page } of [person, second]) {
    await rowOf(page, "b10.txt").waitFor();
    await rowOf(page, "Folder").waitFor();
    await rowOf(page, "b9.txt").waitFor();
    expect(await namesOn(page)).toEqual(["Folder", "b9.txt", "b10.txt"]);
  }
  await person.page.getByRole("columnheader", { name: "Size" }).getByRole("button").click();
  expect(await namesOn(person.page)).toEqual(["Folder", "b10.txt", "b9.txt"]);
  expect(await person.page.getByRole("columnheader", { name: "Size" }).getAttribute("aria-sort")).toBe("descending");

  await makeFolder(second.page, "From a browser");
  await rowOf(person.page, "From a browser").waitFor();
});

it("WB13 what one does shows at once, and can be taken back", async () => {
  await using person = await openPerson();
  const { page } = person;
  await signUp(page, url());
  await makeFolder(page, "Target");
  await uploaded(page, [{ name: "one.txt", content: "one" }]);

  await rowOf(page, "one.txt").click();
  await page.keyboard.press("F2");
  await page.keyboard.type("uno");
  await page.keyboard.press("Enter");
  await rowOf(page, "uno.txt").waitFor();
  await page.locator(".toast", { hasText: "Renamed" }).getByRole("button", { name: "Undo" }).click();
  await rowOf(page, "one.txt").waitFor();

  await rowOf(page, "one.txt").click({ button: "right" });
  await page.getByRole("menuitem", { name: "Move…" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Target" }).click();
  await page.getByRole("button", { name: "Move here" }).click();
  await expectSaid(page, "Moved “one.txt” to “Target”.");
  await expect.poll(() => namesOn(page)).toEqual(["Target"]);
  await page.locator(".toast", { hasText: "Moved “one.txt”" }).getByRole("button", { name: "Undo" }).click();
  await rowOf(page, "one.txt").waitFor();

  await rowOf(page, "one.txt").dragTo(rowOf(page, "Target"));
  await expect.poll(() => namesOn(page)).toEqual(["Target"]);

  // A folder goes with what is in it, and comes back with it.
  await rowOf(page, "Target").click();
  await page.keyboard.press("Delete");
  await expectSaid(page, "Moved “Target” to the trash.");
  await page.getByText("No files yet").waitFor();
  await page.locator(".toast", { hasText: "to the trash" }).getByRole("button", { name: "Undo" }).click();
  await rowOf(page, "Target").dblclick();
  await rowOf(page, "one.txt").waitFor();
  expect(person.faults).toEqual([]);
});

it("WB14 what the server refuses is shown as it is, with the reason", async () => {
  await using person = await openPerson();
  const { page } = person;
  await signUp(page, url());
  await uploaded(page, [
    { name: "a.txt", content: "a" },
    { name: "b.txt", content: "b" },
  ]);
  await rowOf(page, "a.txt").click();
  await page.keyboard.press("F2");
  await page.getByRole("textbox", { name: "New name of a.txt" }).fill("b.txt");
  await page.keyboard.press("Enter");
  await expectSaid(page, "There is something else called “b.txt” there.");
  await expect.poll(() => namesOn(page)).toEqual(["a.txt", "b.txt"]);
});

it("WB15 everything is done by keyboard", async () => {
  await using person = await openPerson();
  const { page } = person;
  await signUp(page, url());
  for (const name of ["Alpha", "Beta", "Gamma"]) await makeFolder(page, name);
  const selected = () => page.locator(".grid__item[aria-selected=true]").allInnerTexts();
  const grid = page.getByRole("grid", { name: "Files" });
  await grid.focus();
  await page.keyboard.press("Escape");
  await page.keyboard.press("Home");
  await expect.poll(async () => (await selected()).length).toBe(1);
  await page.keyboard.press("Shift+ArrowDown");
  await expect.poll(async () => (await selected()).length).toBe(2);
  await page.keyboard.press("Control+a");
  await expect.poll(async () => (await selected()).length).toBe(3);
  await page.keyboard.press("Escape");
  await expect.poll(async () => (await selected()).length).toBe(0);
  await page.keyboard.press("g");
  await expect.poll(async () => (await selected()).join()).toContain("Gamma");
  const active = await grid.getAttribute("aria-activedescendant");
  expect(await page.locator(`[id="${active}"]`).innerText()).toContain("Gamma");
  await page.keyboard.press("Shift+F10");
  await page.getByRole("menu").waitFor();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Escape");
  expect(await grid.evaluate((element) => element === document.activeElement)).toBe(true);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Gamma", level: 1 }).waitFor();
  await page.keyboard.press("?");
  await page.getByRole("dialog", { name: "Keyboard" }).waitFor();
  await page.keyboard.press("Escape");
  await page.keyboard.press("/");
  expect(await page.getByRole("searchbox").evaluate((element) => element === document.activeElement)).toBe(true);
});

it("WB17 a lost connection is said, and what happened meanwhile is shown when it is back", async () => {
  await using person = await openPerson();
  await using second = await openPerson();
  const { page, context } = person;
  const sockets: WebSocketRoute[] = [];
  await page.routeWebSocket(/\/v1\/events$/, (socket) => {
    socket.connectToServer();
    sockets.push(socket);
  });
  const email = await signUp(page, url());
  await signIn(second.page, url(), email);
  await context.setOffline(true);
  for (const socket of sockets) await socket.close({ code: 1001 });
  await page.getByText("Offline", { exact: true }).waitFor();
  const notice = page.getByText("No connection.");
  await notice.waitFor();
  await makeFolder(second.page, "Meanwhile");
  await context.setOffline(false);
  await page.getByRole("button", { name: "Refresh" }).click();
  await rowOf(page, "Meanwhile").waitFor();
  await page.getByText("Up to date, live").waitFor();
  expect(await notice.count()).toBe(0);
  expect(await namesOn(page)).toEqual(["Meanwhile"]);
});

it("WB18 a folder that another device deleted says so", async () => {
  await using person = await openPerson();
  const { page } = person;
  await signUp(page, url());
  await makeFolder(page, "Short-lived");
  await rowOf(page, "Short-lived").dblclick();
  await page.getByRole("heading", { name: "Short-lived", level: 1 }).waitFor();
  const address = page.url();
  await goTo(page, "Files");
  await rowOf(page, "Short-lived").click();
  await page.keyboard.press("Delete");
  await expectSaid(page, "to the trash");
  await page.goto(address);
  await page.getByRole("heading", { name: "This folder is not there any more" }).waitFor();
  await expect.poll(() => page.getByRole("button", { name: "Look in the trash" }).count()).toBe(1);
});

it("WB23 two clicks open the row under the pointer, also the last one in view and in a list that was scrolled", async () => {
  await using person = await openPerson();
  const { page } = person;
  await signUp(page, url());
  const names = Array.from({ length: 40 }, (_, index) => `file ${String(index).padStart(2, "0")}.txt`);
  await upload(
    page,
    names.map((name) => ({ name, content: name })),
  );
  await page.getByText("40 files uploaded").waitFor();
  const grid = page.getByRole("grid");
  for (const scrolled of [0, 220, 100_000]) {
    await page.reload();
    await rowOf(page, "file 00.txt").waitFor();
    await grid.evaluate((element, top) => element.scrollTo(0, top), scrolled);
    const box = await grid.boundingBox();
    if (box === null) throw new Error("the list is not shown");
    const place = { x: box.x + 200, y: box.y + box.height - 6 };
    const nameAt = () =>
      page.evaluate(
        ({ x, y }) => document.elementFromPoint(x, y)?.closest("[role=row]")?.querySelector(".grid__name > *")?.textContent,
        place,
      );
    await expect.poll(nameAt).toMatch(/^file/);
    const name = (await nameAt()) ?? "";
    await page.mouse.dblclick(place.x, place.y);
    await page.getByRole("dialog", { name }).waitFor();
    await page.keyboard.press("Escape");
    await expect.poll(() => page.getByRole("dialog").count()).toBe(0);
  }
  expect(person.faults).toEqual([]);
});
