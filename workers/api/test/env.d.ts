import type { D1Migration } from "cloudflare:test";
import type { Env } from "../src/env.ts";

type ApiBindings = Env;
type Migrations = { readonly directory: D1Migration[]; readonly meta: D1Migration[]; readonly blocks: D1Migration[] };

declare global {
  namespace Cloudflare {
    interface GlobalProps {
      mainModule: typeof import("../src/index.ts");
    }
    interface Env extends ApiBindings {
      readonly TEST_MIGRATIONS: Migrations;
    }
  }
}
