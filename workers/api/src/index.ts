import { app } from "./app.ts";
import type { Env } from "./env.ts";

export { UserSync } from "@ashlar/durable-objects/user-sync";

export default { fetch: app.fetch } satisfies ExportedHandler<Env>;
