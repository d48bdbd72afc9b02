import { expect, it } from "vitest";
import { filmOf, pdfOf, pixel, wavOf } from "./support/media.ts";
import { goTo, makeFolder, namesOn, rowOf, expectSaid, signIn, signUp, uploaded } from "./support/pages.ts";
import { useStage } from "./support/stage.ts";

const { openPerson, url } = useStage();

it("WB40 WB41 files are shown over the page, and nothing that is in them runs or loads", async () => {
  await using person = await openPerson();
  const { page } = person;
  const evil = "<script>window.ran = 1</script><img src=x onerror='window.ran = 1'><a href='javascript:window.ran=1'>link</a>";
  await signUp(page, url());
  await uploaded(page, [
    { name: "1 picture.png", content: pixel },
    { name: "2 sound.wav", content: wavOf(30) },
    { name: "3 paper.pdf", content: pdfOf("Hello") },
    { name: "4 notes.md", content: `# Heading\n\n**bold**\n\n${evil}` },
    { name: "5 page.html", content: `<h1>Markup</h1>${evil}` },
    { name: "6 unknown.xyz", content: "?" },
  ]);
  await rowOf(page, "1 picture.png").dblclick();
  const next = () => page.getByRole("button", { name: "Next file" }).click();
  const image = page.getByRole("img", { name: "1 picture.png" });
  await expect.poll(() => image.evaluate((element) => (element instanceof HTMLImageElement ? element.naturalWidth : 0))).toBe(1);

  await next();
  const sound = page.locator("audio");
  await expect.poll(() => sound.evaluate((element) => (element instanceof HTMLMediaElement ? element.duration : 0))).toBeCloseTo(30, 0);
  await sound.evaluate((element) => {
    if (element instanceof HTMLMediaElement) element.currentTime = 20;
  });
  await expect
    .poll(() => sound.evaluate((element) => element instanceof HTMLMediaElement && !element.seeking && element.currentTime >= 20))
    .toBe(true);

  await next();
  await page.locator("canvas[data-drawn=true]").waitFor();

  await next();
  await page.getByRole("heading", { name: "Heading", level: 1 }).waitFor();
  expect(await page.locator(".prose script, .prose img").count()).toBe(0);
  expect(await page.locator(".prose a").getAttribute("href")).toBeNull();

  await next();
  expect(await page.locator(".preview__text").innerText()).toContain("<h1>Markup</h1>");

  await next();
  await page.getByRole("heading", { name: "This file cannot be shown here" }).waitFor();
  await page.keyboard.press("Escape");
  await expect.poll(() => page.locator("dialog").count()).toBe(0);
  expect(await page.evaluate("window.ran")).toBeUndefined();
  expect(person.faults).toEqual([]);
});

it("WB40 the arrows of what is shown lead past a file that was deleted meanwhile", async () => {
  await using person = await openPerson();
  const { page } = person;
  await signUp(page, url());
  await uploaded(
    page,
    ["1.txt", "2.txt", "3.txt"].map((name) => ({ name, content: `this is ${name}` })),
  );
  await rowOf(page, "1.txt").dblclick();
  await page.getByText("this is 1.txt").waitFor();
  const other = await person.context.newPage();
  await other.goto(url());
  await rowOf(other, "2.txt").click();
  await other.keyboard.press("Delete");
  await expect.poll(() => namesOn(page)).toEqual(["1.txt", "3.txt"]);
  await page.keyboard.press("ArrowRight");
  await page.getByText("this is 3.txt").waitFor();
  await page.keyboard.press("ArrowLeft");
  await page.getByText("this is 1.txt").waitFor();
  expect(person.faults).toEqual([]);
});

it("WB42 code is shown in colours, in Markdown too, and nothing else of a file gets a class", async () => {
  await using person = await openPerson();
  const { page } = person;
  const code = 'export const one = 1; // "<b>one</b>"\n';
  await signUp(page, url());
  await uploaded(page, [
    { name: "1.ts", content: code },
    {
      name: "2.md",
      content: `\`\`\`ts\n${code}\`\`\`\n\n<p class="toast">words <b onclick="run()">bold</b></p>\n\n- [x] done\n- [ ] open\n`,
    },
    { name: "3.txt", content: code },
  ]);
  await rowOf(page, "1.ts").dblclick();
  const shown = page.locator(".preview__text");
  await shown.locator(".hljs-keyword", { hasText: "export" }).waitFor();
  expect(await shown.locator(".hljs-comment").innerText()).toBe('// "<b>one</b>"');
  expect(await shown.textContent()).toBe(code);

  await page.getByRole("button", { name: "Next file" }).click();
  await page.locator(".prose pre .hljs-keyword", { hasText: "export" }).waitFor();
  expect(await page.locator(".prose pre").textContent()).toBe(code);
  expect(await page.locator(".prose .toast").count()).toBe(0);
  expect(await page.locator(".prose b").innerText()).toBe("bold");
  await page.getByText("☑ done").waitFor();
  await page.getByText("☐ open").waitFor();

  await page.getByRole("button", { name: "Next file" }).click();
  await page.getByRole("dialog", { name: "3.txt" }).waitFor();
  await expect.poll(() => shown.textContent()).toBe(code);
  expect(await shown.locator("span").count()).toBe(0);
  expect(person.faults).toEqual([]);
});

it("WB43 a video is sought by ranges", async () => {
  await using person = await openPerson();
  const { page } = person;
  await signUp(page, url());
  const film = await filmOf(page, 3);
  const ranges: (string | undefined)[] = [];
  page.on("response", (response) => {
    if (response.url().includes("/v1/c/") && response.status() === 206) ranges.push(response.headers()["content-range"]);
  });
  await uploaded(page, [{ name: "film.webm", content: film }]);
  await rowOf(page, "film.webm").dblclick();
  const video = page.locator("video");
  const at = (seconds: number) =>
    video.evaluate((element, to) => element instanceof HTMLVideoElement && !element.seeking && element.currentTime >= to, seconds);
  await expect.poll(() => video.evaluate((element) => (element instanceof HTMLVideoElement ? element.videoWidth : 0))).toBe(320);
  await video.evaluate((element) => {
    if (!(element instanceof HTMLVideoElement)) return;
    element.pause();
    element.currentTime = 2;
  });
  await expect.poll(() => at(2)).toBe(true);
  expect(ranges.length).toBeGreaterThan(0);
  for (const range of ranges) expect(range).toMatch(new RegExp(`^bytes \\d+-${film.length - 1}/${film.length}$`));
  expect(person.faults).toEqual([]);
});

it("WB51 what was deleted comes back from the trash, a folder with all that was in it", async () => {
  await using person = await openPerson();
  const { page } = person;
  await signUp(page, url());
  await makeFolder(page, "Box");
  await rowOf(page, "Box").dblclick();
  await page.getByText("This folder is empty").waitFor();
  await uploaded(page, [{ name: "inside.txt", content: "inside" }]);
  await goTo(page, "Files");
  await rowOf(page, "Box").click();
  await page.keyboard.press("Delete");
  await expectSaid(page, "to the trash");
  await goTo(page, "Trash");
  await page.getByRole("button", { name: "Restore Box" }).click();
  await expectSaid(page, "Restored “Box”.");
  await page.getByRole("heading", { name: "The trash is empty" }).waitFor();
  await goTo(page, "Files");
  await rowOf(page, "Box").dblclick();
  await rowOf(page, "inside.txt").waitFor();
  expect(person.faults).toEqual([]);
});

it("WB52 a rewind shows what it would change, and changes nothing before one says so", async () => {
  await using person = await openPerson();
  const { page } = person;
  await signUp(page, url());
  await makeFolder(page, "New");
  await rowOf(page, "New").dblclick();
  await page.getByText("This folder is empty").waitFor();
  await makeFolder(page, "Inner");
  await goTo(page, "Rewind");
  await page.getByRole("button", { name: "An hour ago" }).click();
  const plan = page.getByRole("region", { name: "What would change" });
  await plan.getByText("moved to the trash").waitFor();
  await plan.getByText("New", { exact: true }).waitFor();
  await plan.getByText("New/Inner", { exact: true }).waitFor();
  await goTo(page, "Files");
  await rowOf(page, "New").waitFor();
  await goTo(page, "Rewind");
  await page.getByRole("button", { name: "An hour ago" }).click();
  await plan.getByRole("button", { name: "Rewind", exact: true }).click();
  await expectSaid(page, "Rewound everything");
  await goTo(page, "Files");
  await page.getByText("No files yet").waitFor();
});

it("WB60 the settings list devices, and a device that is signed out there cannot go on", async () => {
  await using person = await openPerson();
  await using second = await openPerson({ userAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0" });
  const email = await signUp(person.page, url());
  await signIn(second.page, url(), email);
  await goTo(person.page, "Settings");
  await person.page.getByRole("button", { name: "Sign out Firefox on Linux" }).click();
  await person.page.getByRole("dialog").getByRole("button", { name: "Sign out" }).click();
  await expectSaid(person.page, "“Firefox on Linux” is signed out.");
  await second.page.getByText("This device was signed out").waitFor();
  await second.page.getByRole("heading", { name: "Sign in to Ashlar" }).waitFor();
});
