/** An account as people have them: folders, files of all kinds, versions, something in the trash, links. */
import { mkdir, rm, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Page } from "playwright-core";
import { jsonLines } from "../../e2e/support/command.ts";
import type { House } from "../../e2e/support/house.ts";
import { seeded } from "../../e2e/support/random.ts";
import { filmOf, wavOf } from "../support/media.ts";

const hourMs = 60 * 60 * 1000;

const notes = `# Meeting notes

Monday, with **Ines**, Tomás and Yuki. See [the plan](https://example.com/plan).

## Decisions

- [x] The river line opens in May
- [ ] Tickets: one tariff for all zones

> Nobody reads a timetable that does not fit on one page.

| Line | Stops | Minutes |
| ---- | ----: | ------: |
| 1    |    14 |      32 |
| 2    |     9 |      21 |

\`\`\`ts
export const opens = new Date("2026-05-04");
\`\`\`
`;

const code = `/** When the next tram leaves, and which one it is. */
import { type Line, timetable } from "./timetable.ts";

const graceMs = 20_000;

export function nextTram(line: Line, nowMs: number): string | undefined {
  const leaves = timetable[line].find((atMs) => atMs + graceMs > nowMs);
  if (leaves === undefined) return undefined;
  return \`Line \${line} in \${Math.ceil((leaves - nowMs) / 60_000)} minutes, if it is not late once more, as it is on most days of the week\`;
}
`;

const readme = `What is in here, and who looks after it.

Contracts are scanned on the day that they come in. Designs are kept as the studio sends them, and nobody renames what others have linked to.
Invoices: one folder for each year.
`.repeat(12);

export const kinds = {
  image: "tram at the river.png",
  video: "walk through the station.webm",
  audio: "interview.wav",
  pdf: "Annual report 2025 (final, with the comments of the board).pdf",
  text: "readme.txt",
  code: "scheduler.ts",
  markdown: "Meeting notes.md",
  other: "unknown.xyz",
} as const;

/** Drawn by the browser itself, so that there is nothing to keep in the repository. */
async function drawn(page: Page): Promise<Readonly<Record<string, Buffer>>> {
  await page.setContent(
    `<body style="margin:0;height:900px;width:1400px;overflow:hidden;background:linear-gradient(#f7c59f,#ef798a 38%,#7d4f9e 62%,#2b2d5b)">
    <div style="position:absolute;left:940px;top:190px;width:170px;height:170px;border-radius:50%;background:#fff3d6"></div>
    <div style="position:absolute;left:-100px;top:560px;width:1600px;height:500px;background:#1d2349;transform:rotate(-4deg)"></div>`,
  );
  await page.setViewportSize({ width: 1400, height: 900 });
  const image = await page.screenshot();
  await page.setContent(
    `<body style="font:15px/1.6 Georgia,serif;margin:60px"><h1>Annual report 2025</h1>${"<p>The year was a good one for all lines, and the river line above them. Ridership grew by a tenth, delays fell, and the new depot opened before its time.</p>".repeat(30)}`,
  );
  return { [kinds.image]: image, [kinds.pdf]: await page.pdf({ format: "A4" }), [kinds.video]: await filmOf(page, 2) };
}

export type Furnished = {
  readonly email: string;
  /** By what is asked of whoever opens it. */
  readonly links: Readonly<Record<"file" | "folder" | "password", string>>;
};

export async function furnish(house: House, name: string, page: Page): Promise<Furnished> {
  const email = `mara.lindqvist+${name}@example.com`;
  const device = await house.device(`${name} laptop`, { email, register: true, direct: true });
  const write = async (path: string, content: string | Buffer, hoursAgo = 30) => {
    const file = join(device.folder, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
    const seconds = (Date.now() - hoursAgo * hourMs) / 1000;
    await utimes(file, seconds, seconds);
  };
  const media = await drawn(page);
  for (const [path, content] of Object.entries(media)) await write(path, content, 700);
  await write(kinds.audio, wavOf(40));
  await write(kinds.text, readme, 400);
  await write(kinds.code, code, 3);
  await write(kinds.markdown, "# Meeting notes\n", 60);
  await write(kinds.other, seeded(3).bytes(5000), 9000);
  await write("backup.tar.gz", seeded(4).bytes(1_400_000), 200);
  await write("budget.csv", "year,sum\n2025,100\n");
  await write("config.json", '{ "zones": 3 }\n', 2);
  for (const folder of ["Contracts", "Design", "Invoices/2025", "Invoices/2026"]) await write(`${folder}/about.txt`, `About ${folder}.\n`);
  await write("Design/Stations and stops of the river line/Drafts of the second round/plan.txt", "a plan\n");
  for (let index = 1; index <= 9; index++) await write(`Photos/tram ${index}.png`, media[kinds.image] ?? "", index * 20);
  for (let index = 0; index < 1000; index++)
    await write(`Archive/ticket ${String(index).padStart(4, "0")}.txt`, `ticket ${index}\n`, index);
  await write("old plan.txt", "an old plan\n");
  await write("Drafts/first.txt", "first\n");
  await device.once();
  await write(kinds.markdown, notes.slice(0, 300), 20);
  await rm(join(device.folder, "old plan.txt"));
  await rm(join(device.folder, "Drafts"), { recursive: true });
  await device.once();
  await write(kinds.markdown, notes, 1);
  await device.once();
  const share = async (path: string, args: readonly string[] = [], input?: string) => {
    const { stdout, stderr } = await device.run(["share", path, "--json", ...args], {
      cwd: device.folder,
      ...(input !== undefined && { input }),
    });
    const link = jsonLines(stdout)[0]?.["link"];
    if (typeof link !== "string") throw new Error(`no link for ${path}: ${stderr}`);
    return link;
  };
  return {
    email,
    links: {
      file: await share(kinds.pdf, ["--expires", "7d", "--downloads", "25"]),
      folder: await share("Photos"),
      password: await share("Contracts", ["--password-stdin", "--expires", "1d"], "swordfish\n"),
    },
  };
}
