import AxeSource from "axe-core";
import type { Page } from "playwright-core";

/** What the checker finds wrong, one line each. Through the debugger, which the policy of the pages does not bind. */
export async function violations(page: Page): Promise<string[]> {
  // What changes with the colours of the system does so over a frame or two.
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
  const found: unknown = await page.evaluate(
    `(() => { ${AxeSource.source}; return axe.run(document, { resultTypes: ["violations"] }); })()`,
  );
  const { violations: list } = found as { violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] };
  return list.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 160)} ${failureSummary.slice(0, 300)}`),
  );
}
