import type { D1Migration } from "cloudflare:test";
import type { Env as Bindings } from "../src/env.ts";
import type * as main from "../src/index.ts";

declare global {
  namespace Cloudflare {
    interface GlobalProps {
      mainModule: typeof main;
    }
    interface Env extends Bindings {
      readonly TEST_MIGRATIONS: { readonly directory: D1Migration[]; readonly meta: D1Migration[]; readonly blocks: D1Migration[] };
    }
  }
}
