/** Everything that opens over a page, or stands beside the app, before the accessibility checker. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { deviceCodeSchema } from "@ashlar/shared/protocol/device-code";
import { violations } from "./support/axe.ts";
import { filmOf, pdfOf, pixel, wavOf } from "./support/media.ts";
import { goTo, makeFolder, rowOf, share, signUp, uploaded } from "./support/pages.ts";
import { useStage } from "./support/stage.ts";

const { house, openPerson, url } = useStage();

/** As light and wide, and as dark and narrow: colours and sizes are independent of each other. */
const looks = [
  { colorScheme: "light", width: 1280 },
  { colorScheme: "dark", width: 390 },
] as const;

async function expectAccessible(page: Page, what: string): Promise<void> {
  for (const { colorScheme, width } of looks) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await page.setViewportSize({ width, height: 800 });
    expect(await violations(page), `${what} ${colorScheme} ${width}`).toEqual([]);
  }
  await page.setViewportSize({ width: 1280, height: 800 });
}

const code = "/** Words. */\n@sealed\nexport class One<Type> extends Two {\n  readonly three = `four ${5}` + /six/u.source + 'seven';\n}\n";

it("WB90 dialogs, menus, search results and what a selection brings have no fault that the accessibility checker finds", async () => {
  await using person = await openPerson();
  const { page } = person;
  await signUp(page, url());
  await makeFolder(page, "Folder");
  await uploaded(page, [{ name: "note.txt", content: "one" }]);
  await uploaded(page, [{ name: "note.txt", content: "two" }]);
  for (const item of ["Versions…", "Move…", "Share…"]) {
    await rowOf(page, "note.txt").click({ button: "right" });
    await expectAccessible(page, "the menu of a file");
    // A menu closes when the window changes its size.
    await rowOf(page, "note.txt").click({ button: "right" });
    await page.getByRole("menuitem", { name: item }).click();
    await page.getByRole("dialog").waitFor();
    await expect.poll(() => page.locator(".spinner").count()).toBe(0);
    await expectAccessible(page, item);
    if (item === "Share…") {
      await page.getByRole("button", { name: "Make a link" }).click();
      await page.getByRole("textbox", { name: "Link" }).waitFor();
      await expectAccessible(page, "a link that was made");
    }
    await page.keyboard.press("Escape");
  }
  await page.getByRole("button", { name: "New folder" }).click();
  await expectAccessible(page, "a new folder");
  await page.keyboard.press("Escape");
  await rowOf(page, "note.txt").click();
  await page.keyboard.press("F2");
  await expectAccessible(page, "a new name");
  await page.keyboard.press("Escape");
  await page.keyboard.press("?");
  await page.getByRole("dialog", { name: "Keyboard" }).waitFor();
  await expectAccessible(page, "the keys");
  await page.keyboard.press("Escape");
  await page.getByRole("searchbox").fill("note");
  await rowOf(page, "note.txt").click();
  await expectAccessible(page, "what was found");
  await page.getByRole("searchbox").fill("nothing of that name");
  await page.getByRole("heading", { name: "Nothing is called" }).waitFor();
  await expectAccessible(page, "nothing found");
  await page.getByRole("searchbox").press("Escape");
  await rowOf(page, "note.txt").click();
  await page.keyboard.press("Delete");
  await page.locator(".toast", { hasText: "to the trash" }).waitFor();
  await expectAccessible(page, "a message");
});

it("WB90 previews of every kind have no fault that the accessibility checker finds", async () => {
  await using person = await openPerson();
  const { page } = person;
  await signUp(page, url());
  await uploaded(page, [
    { name: "1.md", content: `# One\n\n- [x] two\n\n> three \`four\`\n\n| a | b |\n| - | - |\n| 1 | 2 |\n\n\`\`\`ts\n${code}\`\`\`\n` },
    { name: "2.ts", content: code },
    { name: "3.txt", content: "words" },
    { name: "4.pdf", content: pdfOf("Words") },
    { name: "5.png", content: pixel },
    { name: "6.wav", content: wavOf(1) },
    { name: "7.webm", content: await filmOf(page, 1) },
    { name: "8.xyz", content: "?" },
  ]);
  const shown = [
    ".prose .hljs-keyword",
    ".preview__text .hljs-keyword",
    ".preview__text",
    "canvas[data-drawn=true]",
    "img",
    "audio",
    "video",
    ".empty",
  ];
  await rowOf(page, "1.md").dblclick();
  for (const [index, what] of shown.entries()) {
    if (index > 0) await page.getByRole("button", { name: "Next file" }).click();
    await page.getByRole("dialog").locator(what).first().waitFor();
    await expectAccessible(page, what);
  }
});

it("WB90 trash, rewind, links and insights with something in them have no fault that the accessibility checker finds", async () => {
  await using person = await openPerson();
  const { page } = person;
  const email = await signUp(page, url());
  const device = await house().device("other", { email, direct: true });
  await mkdir(device.folder, { recursive: true });
  await writeFile(join(device.folder, "from elsewhere.txt"), "text");
  await device.once();
  await makeFolder(page, "Folder");
  await share(page, "from elsewhere.txt", { password: "swordfish", life: "7 days", downloads: "3" });
  await rowOf(page, "Folder").click();
  await page.keyboard.press("Delete");
  await page.locator(".toast", { hasText: "to the trash" }).waitFor();
  const screens = {
    Trash: page.getByRole("button", { name: "Restore Folder" }),
    Shared: page.getByRole("button", { name: "End the link to from elsewhere.txt" }),
    Insights: page.getByRole("list", { name: "Commits by device" }),
    Settings: page.getByRole("region", { name: "Devices and sessions" }).getByText("other", { exact: true }),
  };
  for (const [name, here] of Object.entries(screens)) {
    await goTo(page, name);
    await here.waitFor();
    if (name === "Insights") for (const summary of await page.getByText("The numbers").all()) await summary.click();
    await expectAccessible(page, name);
  }
  await goTo(page, "Rewind");
  await page.getByRole("button", { name: "An hour ago" }).click();
  await page.getByRole("region", { name: "What would change" }).waitFor();
  await expectAccessible(page, "the plan of a rewind");
});

it("WB90 the pages beside the app have no fault that the accessibility checker finds", async () => {
  await using owner = await openPerson();
  await using guest = await openPerson();
  const { page } = owner;
  await signUp(page, url());
  await makeFolder(page, "Folder");
  await rowOf(page, "Folder").dblclick();
  await page.getByText("This folder is empty").waitFor();
  await makeFolder(page, "Inner");
  await uploaded(page, [{ name: "page.md", content: "# Page" }]);
  await goTo(page, "Files");
  const [open, closed] = [await share(page, "Folder"), await share(page, "Folder", { password: "swordfish", downloads: "5" })];

  await guest.page.goto(open);
  await guest.page.getByText("page.md").waitFor();
  await expectAccessible(guest.page, "a shared folder");
  await guest.page.getByRole("button", { name: "page.md", exact: false }).first().click();
  await guest.page.getByRole("dialog").getByRole("heading", { name: "Page", exact: true }).waitFor();
  await expectAccessible(guest.page, "a shared file");
  await guest.page.keyboard.press("Escape");
  await guest.page.getByRole("button", { name: "Inner Folder" }).click();
  await guest.page.getByText("This folder is empty").waitFor();
  await expectAccessible(guest.page, "an empty shared folder");
  await guest.page.goto(closed);
  await guest.page.getByLabel("Password").fill("not this");
  await guest.page.getByRole("button", { name: "Open" }).click();
  await guest.page.getByText("That is not the password.").waitFor();
  await expectAccessible(guest.page, "a link with a password");
  await guest.page.goto(`${url()}/s/abcdefghijklmnopqrstuv`);
  await guest.page.getByRole("heading", { name: "There is nothing under this link" }).waitFor();
  await expectAccessible(guest.page, "a link that is over");
  await guest.page.goto(url());
  await guest.page.getByRole("button", { name: "Create an account" }).click();
  await guest.page.getByRole("button", { name: "Create account" }).click();
  await expectAccessible(guest.page, "a sign-up with faults");

  await page.goto(`${url()}/link`);
  await page.getByLabel("Code").fill("nothing");
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByText("A code has eight letters").waitFor();
  await expectAccessible(page, "a code that is none");
  const body = JSON.stringify({ device: "laptop" });
  const asked = await fetch(`${url()}/v1/device-codes`, { method: "POST", headers: { "content-type": "application/json" }, body });
  const { userCode } = deviceCodeSchema.parse(await asked.json());
  await page.goto(`${url()}/link?code=${userCode}`);
  await page.getByRole("heading", { name: "Let “laptop” into your account?" }).waitFor();
  await expectAccessible(page, "a device that asks");
  await page.getByRole("button", { name: "No, keep it out" }).click();
  await page.getByRole("heading", { name: "It was kept out" }).waitFor();
  await expectAccessible(page, "a device that was kept out");
});
