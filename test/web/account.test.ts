import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { run } from "../e2e/support/command.ts";
import { password } from "../e2e/support/house.ts";
import { expectSaid, goTo, signIn, signUp, uploaded } from "./support/pages.ts";
import { useStage } from "./support/stage.ts";

const { house, openPerson, url } = useStage();

/** Starts `ashlar login`; resolves as soon as it shows its link. */
async function startLogin(name: string) {
  const home = join(house().directory, name);
  await mkdir(home, { recursive: true });
  let ended: ReturnType<typeof run> | undefined;
  const link = await new Promise<string>((resolve) => {
    ended = run(["login", "--server", url(), "--device", name], {
      home,
      watch: (stdout) => {
        const found = /\S+\/link\?code=[A-Z]{4}-[A-Z]{4}/.exec(stdout);
        if (found !== null) resolve(found[0]);
      },
    });
  });
  return { home, link, ended: async () => ended };
}

it("WB3 a command that shows a code is let in by who opens its link, after a sign-in where that is needed", async () => {
  await using person = await openPerson();
  const { page } = person;
  const email = await signUp(page, url());
  const login = await startLogin("laptop");
  await page.goto(login.link);
  await page.getByRole("heading", { name: "Let “laptop” into your account?" }).waitFor();
  expect(login.link).toContain(await page.locator(".link-card__code").innerText());
  await page.getByRole("button", { name: "Yes, let it in" }).click();
  await page.getByRole("heading", { name: "Confirmed" }).waitFor();
  expect((await login.ended())?.stdout).toContain(`Signed in to ${url()} as ${email}.`);
  await goTo(page, "Settings");
  await page.getByRole("listitem").filter({ hasText: "laptop" }).getByLabel("Command").waitFor();
  expect(person.faults).toEqual([]);

  // Nobody is signed in where the link is opened: it is asked after the sign-in.
  const second = await startLogin("desktop");
  await using other = await openPerson();
  await other.page.goto(second.link);
  await other.page.getByLabel("E-mail").fill(email);
  await other.page.getByLabel("Password").fill(password);
  await other.page.getByRole("button", { name: "Sign in", exact: true }).click();
  await other.page.getByRole("heading", { name: "Let “desktop” into your account?" }).waitFor();
  await other.page.getByRole("button", { name: "No, keep it out" }).click();
  await other.page.getByRole("heading", { name: "It was kept out" }).waitFor();
  const refused = await second.ended();
  expect(refused?.stderr).toContain("The sign-in was refused in the browser.");
  expect(refused?.code).toBe(1);
});

it("WB3 a code can be typed as people type, and one that is not good is said to be", async () => {
  await using person = await openPerson();
  const { page } = person;
  await signUp(page, url());
  const login = await startLogin("typed");
  await page.goto(`${url()}/link`);
  await page.getByLabel("Code").fill("nonsense!");
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByText("A code has eight letters, as in WDJB-MJHT.").waitFor();
  await page.getByLabel("Code").fill("BBBB-BBBB");
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByText("This code is not known, or has expired.").waitFor();
  await page.getByLabel("Code").fill(login.link.slice(-9).toLowerCase().replace("-", " "));
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByRole("button", { name: "Yes, let it in" }).click();
  expect((await login.ended())?.code).toBe(0);
});

it("WB61 the settings tell the account's address, its age and its space", async () => {
  await using person = await openPerson();
  const { page } = person;
  const email = await signUp(page, url());
  await uploaded(page, [{ name: "data.bin", content: Buffer.alloc(1_500_000, 7) }]);
  await goTo(page, "Settings");
  const account = page.getByRole("region", { name: "Account" });
  await account.getByText(email).waitFor();
  await account.getByText(/^1\.5 MB of 1\.1 TB$/).waitFor();
  await account.getByText(String(new Date().getFullYear())).waitFor();
  expect(person.faults).toEqual([]);
});

it("WB62 a password is changed by who knows the old one, and the others are signed out where that is asked for", async () => {
  await using person = await openPerson();
  await using second = await openPerson();
  const { page } = person;
  const email = await signUp(page, url());
  await signIn(second.page, url(), email);
  await goTo(page, "Settings");
  const change = page.getByRole("button", { name: "Change the password" });
  await page.getByLabel("Current password").fill("not the password");
  await page.getByLabel("New password").fill("short");
  await change.click();
  await page.getByText("A password has at least").waitFor();
  await page.getByLabel("New password").fill("another battery");
  await change.click();
  await page.getByText("That is not the current password.").waitFor();
  await page.getByLabel("Current password").fill(password);
  await page.getByLabel("Sign out all other devices").check();
  await change.click();
  await expectSaid(page, "The password is changed, and all other devices are signed out.");
  await second.page.getByRole("heading", { name: "Sign in to Ashlar" }).waitFor();
  await expect.poll(() => page.getByRole("region", { name: "Devices and sessions" }).getByRole("listitem").count()).toBe(1);
  await second.page.getByLabel("E-mail").fill(email);
  await second.page.getByLabel("Password").fill(password);
  await second.page.getByRole("button", { name: "Sign in", exact: true }).click();
  await second.page.getByText("The e-mail address or the password is wrong.").waitFor();
  await second.page.getByLabel("Password").fill("another battery");
  await second.page.getByRole("button", { name: "Sign in", exact: true }).click();
  await second.page.getByText("Up to date, live").waitFor();
  expect(person.faults).toEqual([]);
});
