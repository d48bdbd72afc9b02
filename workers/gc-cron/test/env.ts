import type { D1Migration } from "cloudflare:test";
import type * as main from "../src/index.ts";

declare global {
  namespace Cloudflare {
    interface GlobalProps {
      mainModule: typeof main;
    }
    interface Env {
      readonly DIRECTORY: D1Database;
      readonly TEST_MIGRATIONS: { readonly directory: D1Migration[] };
    }
  }
}
