import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { jsonLines } from "../e2e/support/command.ts";
import { savedBy } from "./support/downloads.ts";
import { expectSaid, goTo, makeFolder, rowOf, share, signUp, uploaded } from "./support/pages.ts";
import { useStage } from "./support/stage.ts";

const { house, openPerson, url } = useStage();

const isOver = (page: Page) => page.getByRole("heading", { name: "There is nothing under this link" }).waitFor();

it("WB70 who has a link to a folder looks into it and downloads from it, without an account and without learning whose it is", async () => {
  await using owner = await openPerson();
  await using guest = await openPerson();
  const email = await signUp(owner.page, url());
  await makeFolder(owner.page, "Trip");
  await uploaded(owner.page, [{ name: "secret.txt", content: "not shared" }]);
  await rowOf(owner.page, "Trip").dblclick();
  await owner.page.getByText("This folder is empty").waitFor();
  await makeFolder(owner.page, "Days");
  await uploaded(owner.page, [{ name: "read me.md", content: "# Welcome" }]);
  await goTo(owner.page, "Files");
  const link = await share(owner.page, "Trip");

  const answers: string[] = [];
  guest.page.on("response", (response) => {
    if (response.url().includes("/v1/"))
      void response.text().then(
        (text) => answers.push(text),
        () => undefined,
      );
  });
  const { page } = guest;
  await page.goto(link);
  await page.getByRole("heading", { name: "Trip", level: 1 }).waitFor();
  const list = page.getByRole("list", { name: "Trip" });
  await expect.poll(() => list.getByRole("listitem").count()).toBe(2);
  await list.getByRole("button", { name: "read me.md", exact: false }).first().click();
  await page.getByRole("dialog").getByRole("heading", { name: "Welcome" }).waitFor();
  await page.keyboard.press("Escape");
  const file = await savedBy(page, () => list.getByRole("button", { name: "Download read me.md" }).click());
  expect(file.name).toBe("read me.md");
  expect(file.bytes.toString()).toBe("# Welcome");
  const archive = await savedBy(page, () => page.getByRole("button", { name: "Download all" }).click());
  expect(archive.name).toBe("Trip.zip");
  expect(archive.entries()).toEqual(["Trip/", "Trip/Days/", "Trip/read me.md"]);
  await list.getByRole("button", { name: "Days Folder" }).click();
  await page.getByText("This folder is empty").waitFor();
  await page.getByRole("navigation", { name: "Folders above" }).getByRole("button", { name: "Trip" }).click();
  await list.waitFor();

  const told = answers.join("\n") + (await page.content());
  expect(told).toContain("read me.md");
  for (const word of [email, "secret.txt"]) expect(told).not.toContain(word);
  expect(await guest.context.cookies()).toEqual([]);
  expect([...guest.faults, ...owner.faults]).toEqual([]);
});

it("WB71 a link with a password tells nothing before it, and says where one is wrong", async () => {
  await using owner = await openPerson();
  await using guest = await openPerson();
  await signUp(owner.page, url());
  await uploaded(owner.page, [{ name: "plan.txt", content: "the plan" }]);
  const link = await share(owner.page, "plan.txt", { password: "swordfish" });
  const { page } = guest;
  await page.goto(link);
  await page.getByRole("heading", { name: "Protected by a password" }).waitFor();
  expect(await page.content()).not.toContain("plan.txt");
  await page.getByLabel("Password").fill("sword");
  await page.getByRole("button", { name: "Open" }).click();
  await page.getByText("That is not the password.").waitFor();
  expect(await page.getByLabel("Password").getAttribute("aria-invalid")).toBe("true");
  await page.getByLabel("Password").fill("swordfish");
  await page.getByRole("button", { name: "Open" }).click();
  await page.getByRole("heading", { name: "plan.txt", level: 1 }).waitFor();
  await page.getByRole("button", { name: "Preview" }).click();
  await page.getByText("the plan").waitFor();
  expect(guest.faults).toEqual([]);
});

it("WB72 a link ends after its downloads, at its time, and when its owner ends it; what its limits are is said", async () => {
  await using owner = await openPerson();
  await using guest = await openPerson();
  await signUp(owner.page, url());
  await uploaded(owner.page, [
    { name: "once.txt", content: "once" },
    { name: "later.txt", content: "later" },
  ]);
  const once = await share(owner.page, "once.txt", { downloads: "1" });
  const later = await share(owner.page, "later.txt", { life: "7 days" });
  const { page } = guest;
  await page.goto(once);
  await page.getByText("1 download left").waitFor();
  const file = await savedBy(page, () => page.getByRole("button", { name: "Download" }).click());
  expect(file.bytes.toString()).toBe("once");
  await page.getByText("no downloads left").waitFor();
  await page.goto(once);
  await isOver(page);

  await page.goto(later);
  await page.getByText(/· until /).waitFor();
  await goTo(owner.page, "Shared");
  await owner.page.getByText("1 of 1 download").waitFor();
  await owner.page.getByRole("button", { name: "End the link to later.txt" }).click();
  await expectSaid(owner.page, "The link is no good any more.");
  await page.getByRole("button", { name: "Download" }).click();
  await isOver(page);
  await page.reload();
  await isOver(page);
  expect(owner.faults).toEqual([]);
});

it("WB72 a link is over at its time, and its owner sees that it is", async () => {
  await using owner = await openPerson();
  await using guest = await openPerson();
  const { page } = owner;
  await signUp(page, url());
  await uploaded(page, [{ name: "brief.txt", content: "brief" }]);
  // As if the shortest life that the dialog offers were this one.
  const lifeMs = 8000;
  let expiresAt = 0;
  await owner.context.route("**/v1/shares", async (route) => {
    if (route.request().method() !== "POST") return route.continue();
    expiresAt = Date.now() + lifeMs;
    const asked: unknown = route.request().postDataJSON();
    await route.continue({ postData: JSON.stringify({ ...(asked as object), expiresAt }) });
  });
  const link = await share(page, "brief.txt", { life: "1 day" });
  await expect.poll(() => Date.now()).toBeGreaterThan(expiresAt);
  await guest.page.goto(link);
  await isOver(guest.page);
  await goTo(page, "Shared");
  await page.getByText(/0 downloads · over$/).waitFor();
  expect([...guest.faults, ...owner.faults]).toEqual([]);
});

it("WB72 what a link cannot be is said where it is asked for", async () => {
  await using owner = await openPerson();
  const { page } = owner;
  await signUp(page, url());
  await uploaded(page, [{ name: "a.txt", content: "a" }]);
  await rowOf(page, "a.txt").click({ button: "right" });
  await page.getByRole("menuitem", { name: "Share…" }).click();
  const make = page.getByRole("button", { name: "Make a link" });
  await page.getByLabel("Password").fill("short");
  await make.click();
  await page.getByText("A password has at least 6 characters.").waitFor();
  await page.getByLabel("Password").fill("");
  await page.getByLabel("How many downloads").fill("0");
  await make.click();
  await page.getByText("From 1 to 1,000,000, or nothing.").waitFor();
  await page.keyboard.press("Escape");
  await goTo(page, "Shared");
  await page.getByRole("heading", { name: "Nothing is shared" }).waitFor();
  expect(owner.faults).toEqual([]);
});

it("WB73 the list of links has those that the command made, and copies them", async () => {
  await using owner = await openPerson();
  await using guest = await openPerson();
  const email = await signUp(owner.page, url());
  const device = await house().device("sharer", { email, direct: true });
  await mkdir(device.folder, { recursive: true });
  await writeFile(join(device.folder, "report.txt"), "from the command");
  await device.once();
  const { stdout } = await device.run(["share", "report.txt", "--downloads", "3", "--json"], { cwd: device.folder });
  await owner.context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: url() });
  await goTo(owner.page, "Shared");
  await owner.page.getByText("0 of 3 downloads").waitFor();
  await owner.page.getByRole("button", { name: "Copy the link to report.txt" }).click();
  await expectSaid(owner.page, "The link is copied.");
  const copied = await owner.page.evaluate(() => navigator.clipboard.readText());
  expect(copied).toBe(jsonLines(stdout)[0]?.["link"]);
  await guest.page.goto(copied);
  const file = await savedBy(guest.page, () => guest.page.getByRole("button", { name: "Download" }).click());
  expect(file.bytes.equals(await readFile(join(device.folder, "report.txt")))).toBe(true);
  expect(owner.faults).toEqual([]);
});
