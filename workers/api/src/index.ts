import { app } from "./app.ts";
import type { Env } from "./env.ts";
import { servePage } from "./pages.ts";

export { UserSync } from "@ashlar/durable-objects/user-sync";

export default {
  fetch(request, env, ctx) {
    return new URL(request.url).pathname.startsWith("/v1/") ? app.fetch(request, env, ctx) : servePage(request, env);
  },
} satisfies ExportedHandler<Env>;
