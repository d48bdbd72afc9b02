/** The ways to the pages beside the files, with and without an account. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../../e2e/support/command.ts";
import { signUp } from "../support/pages.ts";
import { aMonth } from "./month.ts";
import { choose, place, type Tour } from "./steps.ts";

async function gate({ page, context, url, take }: Tour): Promise<void> {
  await page.goto(url);
  await page.getByLabel("E-mail").waitFor();
  await take(page, "sign-in");
  await page.getByLabel("E-mail").fill("mara.lindqvist@example.com");
  await page.getByLabel("Password").fill("not the password");
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByRole("alert").waitFor();
  await take(page, "sign-in-refused");
  await page.getByRole("button", { name: "Create an account" }).click();
  await take(page, "sign-up");
  await page.getByLabel("Password").fill("short");
  await page.getByRole("button", { name: "Create account" }).click();
  await page.getByRole("alert").waitFor();
  await take(page, "sign-up-fault");
  await context.route("**/v1/session/refresh", (route) => route.abort());
  await page.reload();
  await page.getByRole("heading", { name: "Ashlar cannot be opened now" }).waitFor({ timeout: 90_000 });
  await take(page, "server-unreachable");
}

async function empty(tour: Tour): Promise<void> {
  const { page, url, take } = tour;
  await signUp(page, url);
  await page.getByText("No files yet").waitFor();
  await take(page, "files-empty");
  for (const name of ["Shared", "Trash", "Insights"]) {
    await place(tour, name);
    await take(page, `${name.toLowerCase()}-empty`, { isWhole: true });
  }
  await place(tour, "Rewind");
  await take(page, "rewind");
  await page.getByRole("button", { name: "An hour ago" }).click();
  await page.getByRole("heading", { name: "Nothing would change" }).waitFor();
  await take(page, "rewind-nothing");
}

async function pages(tour: Tour): Promise<void> {
  const { page, context, take } = tour;
  await tour.enter();
  await place(tour, "Shared");
  await take(page, "shared");
  await place(tour, "Trash");
  await take(page, "trash");
  await place(tour, "Rewind");
  await page.getByRole("button", { name: "An hour ago" }).click();
  await page.getByRole("region", { name: "What would change" }).waitFor({ timeout: 60_000 });
  await take(page, "rewind-plan", { isWhole: true });
  await place(tour, "Settings");
  await take(page, "settings", { isWhole: true });
  await page.getByLabel("Current password").fill("not the password");
  await page.getByLabel("New password").fill("short");
  await page.getByRole("button", { name: "Change the password" }).click();
  await page.getByRole("alert").waitFor();
  await page.getByRole("alert").scrollIntoViewIfNeeded();
  await take(page, "settings-password");
  await page.getByRole("button", { name: /^Sign out .+ laptop/ }).click();
  await take(page, "settings-sign-out-device");
  await page.keyboard.press("Escape");
  await place(tour, "Insights");
  await page.locator(".bars canvas").first().waitFor();
  await take(page, "insights", { isWhole: true });
  await context.route("**/v1/insights", (route) => route.fulfill({ json: aMonth() }));
  await place(tour, "Files");
  await place(tour, "Insights");
  await page.locator(".bars canvas").first().waitFor();
  for (const summary of await page.locator("summary").all()) await summary.click();
  await take(page, "insights-month", { isWhole: true });
}

async function sharing(tour: Tour): Promise<void> {
  const { page, take } = tour;
  await tour.enter();
  await choose(tour, "budget.csv", "Share…");
  await page.getByRole("dialog").waitFor();
  await take(page, "share");
  await page.getByRole("dialog").getByLabel("Password").fill("short");
  await page.getByRole("button", { name: "Make a link" }).click();
  await page.getByRole("alert").waitFor();
  await take(page, "share-fault");
  await page.getByRole("dialog").getByLabel("Password").fill("swordfish");
  await page.getByRole("button", { name: "Make a link" }).click();
  await page.getByRole("textbox", { name: "Link" }).waitFor();
  await take(page, "share-made");
}

async function guest(tour: Tour): Promise<void> {
  const { page, url, take, furnished, isPhone } = tour;
  const { links } = furnished;
  await page.goto(links.file);
  await page.getByRole("button", { name: "Download" }).waitFor();
  await take(page, "guest-file");
  await page.goto(links.folder);
  await page.getByRole("listitem").first().waitFor();
  await take(page, "guest-folder");
  const row = page.getByRole("button", { name: "tram 3.png", exact: false }).first();
  await (isPhone ? row.tap() : row.click());
  await page.locator(".preview__media").waitFor();
  await take(page, "guest-preview");
  await page.goto(links.password);
  await page.getByLabel("Password").waitFor();
  await take(page, "guest-password");
  await page.getByLabel("Password").fill("wrong one");
  await page.getByRole("button", { name: "Open" }).click();
  await page.getByRole("alert").waitFor();
  await take(page, "guest-password-wrong");
  await page.goto(`${url}/s/abcdefghijklmnopqrstuv`);
  await page.getByRole("heading", { name: "There is nothing under this link" }).waitFor();
  await take(page, "guest-over");
}

async function command(tour: Tour): Promise<void> {
  const { page, url, house, take } = tour;
  await tour.enter();
  await page.goto(`${url}/link`);
  await page.getByLabel("Code").waitFor();
  await take(page, "link-code");
  await page.getByLabel("Code").fill("BBBB-BBBB");
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByRole("alert").waitFor();
  await take(page, "link-code-fault");
  const home = join(house.directory, `link-${tour.isPhone}`);
  await mkdir(home, { recursive: true });
  let ended: ReturnType<typeof run> | undefined;
  const link = await new Promise<string>((resolve) => {
    const watch = (stdout: string) => {
      const found = /\S+\/link\?code=[A-Z]{4}-[A-Z]{4}/.exec(stdout);
      if (found !== null) resolve(found[0]);
    };
    ended = run(["login", "--server", url, "--device", "Mara's desktop"], { home, watch });
  });
  await page.goto(link);
  await page.getByRole("button", { name: "Yes, let it in" }).waitFor();
  await take(page, "link-asks");
  await page.getByRole("button", { name: "Yes, let it in" }).click();
  await page.getByRole("heading", { name: "Confirmed" }).waitFor();
  await take(page, "link-done");
  await ended;
}

export const pagesTours = { gate, empty, pages, sharing, guest, command };
