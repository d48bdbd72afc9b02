import type { Env } from "./env.ts";

export default {
  async scheduled(controller, env) {
    if (controller.cron === "check") return;
    await env.COUNTER.getByName("one").add();
    await env.DIRECTORY.prepare("INSERT INTO runs(cron) VALUES (?)").bind(controller.cron).run();
  },
} satisfies ExportedHandler<Env>;
