/** The collector, hourly. What it is about to remove is a plan, printed before it is carried out. */
import { planDeviceSweep, runDeviceSweep } from "@ashlar/server/accounts/sweep";

/** The bindings of wrangler.toml that are in use. */
type Env = { readonly DIRECTORY: D1Database };

export default {
  async scheduled(controller, env) {
    const plan = await planDeviceSweep(env.DIRECTORY, controller.scheduledTime);
    console.log(JSON.stringify({ collector: "devices", ...plan }));
    await runDeviceSweep(env.DIRECTORY, plan);
  },
} satisfies ExportedHandler<Env>;
