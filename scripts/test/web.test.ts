import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { root } from "../local/root.ts";
import { type Server, startServer } from "../local/server.ts";
import { buildWeb } from "../local/web.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "ashlar-web-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("the pages that the real Worker serves", () => {
  let server: Server;
  beforeAll(async () => {
    // The repository as it is, but for files in place of the web app.
    const tree = join(folder, "tree");
    await mkdir(join(tree, "dist/web/assets"), { recursive: true });
    const parts = ["wrangler.toml", "workers", "packages", "durable-objects", "migrations", "node_modules"];
    for (const part of parts) await symlink(join(root, part), join(tree, part));
    await writeFile(join(tree, "dist/web/index.html"), "<!doctype html><title>Ashlar</title>");
    await writeFile(join(tree, "dist/web/assets/main-Ab12.js"), "export {};");
    await writeFile(join(tree, "dist/web/_headers"), await readFile(join(root, "web/public/_headers")));
    server = await startServer({ root: tree, host: "127.0.0.1", port: 0, state: join(folder, "state"), say: () => {} });
  }, 60_000);
  afterAll(() => server[Symbol.asyncDispose]());

  const get = (path: string, init?: RequestInit) => fetch(server.url + path, { redirect: "manual", ...init });

  it.each(["/", "/link?code=WDJB-MJHT", "/s/some-token", "/files/Docs/report.pdf"])("WS30 %s is the app's page", async (path) => {
    const response = await get(path);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(await response.text()).toContain("<title>Ashlar</title>");
  });

  it.each(["/", "/link", "/assets/main-Ab12.js"])("WS31 %s comes with a policy that lets in nothing but the app itself", async (path) => {
    const { headers } = await get(path);
    const policy = new Map((headers.get("content-security-policy") ?? "").split("; ").map((rule) => [rule.split(" ")[0], rule]));
    expect(policy.get("default-src")).toBe("default-src 'none'");
    expect(policy.get("script-src")).toBe("script-src 'self' 'wasm-unsafe-eval'");
    expect(policy.get("style-src")).toBe("style-src 'self'");
    expect(policy.get("connect-src")).toBe("connect-src 'self'");
    for (const rule of ["frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'", "require-trusted-types-for 'script'"])
      expect([...policy.values()]).toContain(rule);
    expect([...policy.values()].join(" ")).not.toMatch(/'unsafe-|\*|https?:/);
    expect(Object.fromEntries(headers)).toMatchObject({
      "x-content-type-options": "nosniff",
      "x-frame-options": "DENY",
      "referrer-policy": "no-referrer",
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-resource-policy": "same-origin",
      "strict-transport-security": "max-age=63072000; includeSubDomains",
    });
    expect(headers.get("permissions-policy")).toContain("camera=()");
  });

  it("WS32 a page is asked for anew each time, and not sent again if it is the same", async () => {
    for (const path of ["/", "/link"]) {
      const first = await get(path);
      expect(first.headers.get("cache-control")).toBe("no-cache");
      const again = await get(path, { headers: { "if-none-match": first.headers.get("etag") ?? "" } });
      expect(again.status).toBe(304);
    }
  });

  it("WS32 a file named by its hash is kept for good, and one that is not there is not taken for something else", async () => {
    const file = await get("/assets/main-Ab12.js");
    expect(file.headers.get("content-type")).toMatch(/^text\/javascript/);
    expect(file.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
    const missing = await get("/assets/main-Cd34.js");
    expect(missing.status).toBe(404);
    expect(missing.headers.get("content-type") ?? "").not.toContain("html");
  });

  it("WS33 addresses of the API are never a page, and a page is only read", async () => {
    for (const path of ["/v1/health", "/v1/nothing", "/v1/"]) {
      const response = await get(path);
      expect(response.headers.get("content-security-policy")).toBe("default-src 'none'; frame-ancestors 'none'");
      expect(response.headers.get("content-type")).toMatch(/json$/);
    }
    for (const path of ["/", "/link"]) expect((await get(path, { method: "POST", body: "x" })).status).toBe(405);
    expect((await get("/_headers")).headers.get("content-type")).toContain("html");
  });
});

describe("building the app", () => {
  it("O28 the app is built when its sources changed, and only then", async () => {
    const tree = join(folder, "app");
    await mkdir(join(tree, "web"), { recursive: true });
    await symlink(join(root, "node_modules"), join(tree, "node_modules"));
    await writeFile(join(tree, "web/vite.config.ts"), "export default { build: { emptyOutDir: true } };");
    const page = (title: string) => writeFile(join(tree, "web/index.html"), `<!doctype html><title>${title}</title>`);
    await page("one");
    expect((await buildWeb(tree)).built).toBe(true);
    expect(await buildWeb(tree)).toEqual({ folder: join(tree, "dist/web"), built: false });
    await page("two");
    expect((await buildWeb(tree)).built).toBe(true);
    expect(await readFile(join(tree, "dist/web/index.html"), "utf8")).toContain("<title>two</title>");
    await writeFile(join(tree, "web/index.html"), "<script type=module src=./gone.js></script>");
    await expect(buildWeb(tree)).rejects.toThrow("The web app cannot be built:");
    expect(await readFile(join(tree, "dist/web/index.html"), "utf8")).toContain("<title>two</title>");
  });
});
