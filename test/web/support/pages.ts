/** What a person does in the pages, in few words. */
import type { Locator, Page } from "playwright-core";
import { password } from "../../e2e/support/house.ts";

let count = 0;
export const newEmail = (): string => `person-${process.pid}-${Date.now()}-${count++}@example.com`;

/** Signs up with a new account; answers with its address. */
export async function signUp(page: Page, url: string): Promise<string> {
  const email = newEmail();
  await page.goto(url);
  await page.getByRole("button", { name: "Create an account" }).click();
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Create account" }).click();
  await page.getByText("Up to date, live").waitFor();
  return email;
}

export async function signIn(page: Page, url: string, email: string): Promise<void> {
  await page.goto(url);
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByText("Up to date, live").waitFor();
}

export const rowOf = (page: Page, name: string): Locator => page.getByRole("row").filter({ has: page.getByText(name, { exact: true }) });

/** Names in the list, from the top. */
export const namesOn = (page: Page): Promise<string[]> => page.locator(".grid__item .grid__name > .truncate:first-child").allInnerTexts();

export async function makeFolder(page: Page, name: string): Promise<void> {
  await page.getByRole("button", { name: "New folder" }).click();
  await page.getByRole("dialog", { name: "New folder" }).waitFor();
  // The field has the focus, with what is in it selected.
  await page.keyboard.type(name);
  await page.keyboard.press("Enter");
  await rowOf(page, name).waitFor();
}

export type Chosen = { readonly name: string; readonly content: string | Buffer };

export async function upload(page: Page, files: readonly Chosen[]): Promise<void> {
  await page
    .locator("input[data-upload=files]")
    .first()
    .setInputFiles(files.map(({ name, content }) => ({ name, mimeType: "application/octet-stream", buffer: Buffer.from(content) })));
}

export async function uploaded(page: Page, files: readonly Chosen[]): Promise<void> {
  await upload(page, files);
  for (const { name } of files) await rowOf(page, name).waitFor();
  await page
    .locator(".transfers")
    .getByText(/uploaded$/)
    .waitFor();
  await page.getByRole("region", { name: "Uploads" }).getByRole("button", { name: "Close" }).click();
}

/** A toast that says so. */
export const expectSaid = (page: Page, text: string): Promise<void> => page.locator(".toast", { hasText: text }).first().waitFor();

export async function goTo(page: Page, name: string): Promise<void> {
  await page.getByRole("navigation", { name: "Ashlar" }).getByRole("link", { name }).click();
}

type Wishes = { readonly password?: string; readonly life?: string; readonly downloads?: string };

/** By the menu and its dialog; answers with the link. */
export async function share(page: Page, name: string, wishes: Wishes = {}): Promise<string> {
  const { life, downloads } = wishes;
  await rowOf(page, name).click({ button: "right" });
  await page.getByRole("menuitem", { name: "Share…" }).click();
  const dialog = page.getByRole("dialog", { name: `Share “${name}”` });
  if (wishes.password !== undefined) await dialog.getByLabel("Password").fill(wishes.password);
  if (life !== undefined) await dialog.getByLabel("How long").selectOption(life);
  if (downloads !== undefined) await dialog.getByLabel("How many downloads").fill(downloads);
  await dialog.getByRole("button", { name: "Make a link" }).click();
  const link = await page.getByRole("textbox", { name: "Link" }).inputValue();
  await page.getByRole("button", { name: "Done" }).click();
  return link;
}
