/** Debian's Chromium, driven by Playwright. */
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from "playwright-core";

const executablePath = process.env["CHROMIUM"] ?? "/usr/bin/chromium";

export const openBrowser = (): Promise<Browser> => chromium.launch({ executablePath, args: ["--no-sandbox"] });

/** A browser of its own as far as pages can tell, and what went wrong in it. */
export type Person = AsyncDisposable & {
  readonly context: BrowserContext;
  readonly page: Page;
  /** Errors of scripts, what the policy of the pages refused, and all else that the browser complains of. */
  readonly faults: readonly string[];
};

/** Answers that are no success: pages expect some, such as that nobody is signed in. */
const refusedAnswer = /^Failed to load resource: the server responded with a status of 4\d\d/;

export async function openPerson(browser: Browser, options: BrowserContextOptions = {}): Promise<Person> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error" && !refusedAnswer.test(message.text())) faults.push(message.text());
  });
  return { context, page, faults, [Symbol.asyncDispose]: () => context.close() };
}
