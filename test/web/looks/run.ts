/** `npm run looks -- FOLDER [TOUR…]`: a picture of every screen, light and dark, wide and on a phone, and what is wrong in it. */
import { buildWorkers } from "../../../scripts/local/bundle.ts";
import { runScript, ScriptFailure } from "../../../scripts/local/failure.ts";
import { root } from "../../../scripts/local/root.ts";
import { openHouse } from "../../e2e/support/house.ts";
import { openBrowser, openPerson } from "../support/browser.ts";
import { signIn } from "../support/pages.ts";
import { furnish } from "./account.ts";
import { openCamera } from "./camera.ts";
import { filesTours } from "./files-tours.ts";
import { pagesTours } from "./pages-tours.ts";

const sizes = {
  wide: { viewport: { width: 1280, height: 800 } },
  phone: { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true },
} as const;

await runScript(async () => {
  const [folder, ...wanted] = process.argv.slice(2);
  if (folder === undefined) throw new ScriptFailure("npm run looks -- FOLDER [TOUR…]");
  await buildWorkers(root);
  await using house = await openHouse();
  await using browser = await openBrowser();
  const { url } = house.edge();
  let broken = 0;
  for (const size of ["wide", "phone"] as const) {
    const camera = await openCamera(folder, size);
    await using studio = await openPerson(browser);
    const furnished = await furnish(house, size, studio.page);
    for (const [name, tour] of Object.entries({ ...filesTours, ...pagesTours })) {
      if (wanted.length > 0 && !wanted.includes(name)) continue;
      await using person = await openPerson(browser, sizes[size]);
      const { page, context } = person;
      const enter = () => signIn(page, url, furnished.email);
      try {
        await tour({ page, context, url, house, furnished, enter, isPhone: size === "phone", ...camera });
      } catch (error) {
        broken++;
        console.log(`${name} ${size} broke off: ${String(error).slice(0, 600)}`);
        await page.screenshot({ path: `${folder}/broken-${name}.${size}.png` });
      }
    }
  }
  if (broken > 0) throw new ScriptFailure(`${broken} tours broke off`);
});
