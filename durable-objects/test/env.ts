import type { UserSyncEnv } from "../src/env.ts";
import type { UserSync } from "../src/user-sync.ts";

type ObjectBindings = UserSyncEnv & { readonly USER_SYNC: DurableObjectNamespace<UserSync> };

declare global {
  namespace Cloudflare {
    interface Env extends ObjectBindings {}
  }
}
