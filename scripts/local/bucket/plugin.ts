/**
 * Miniflare's R2 with our Worker around its bucket's own: bindings, the bucket's name, folder and tables stay what they are.
 * Miniflare loads this file by its path, for the bindings that ask for it.
 */
import { R2_PLUGIN, type Plugin } from "miniflare";
import * as z from "zod";
import { bindingType, pluginName } from "./binding.ts";

type WorkerOptions = Parameters<Plugin["getBindings"]>[0];
type Services = Extract<Awaited<ReturnType<Plugin["getServices"]>>, readonly unknown[]>;
type Service = Services[number];

const bindingSchema = z.object({
  type: z.literal(bindingType),
  dev: z.object({ options: z.object({ bucket: z.string(), code: z.string() }) }),
});
type OurBinding = z.infer<typeof bindingSchema>;

/** Where Miniflare's bucket runs. */
const objectService = "r2:bucket";

const wholeObjects: Plugin = {
  bindingTypeDescription: "R2 bucket",
  getBindings: (options, ...rest) => R2_PLUGIN.getBindings(asR2(options), ...rest),
  getNodeBindings: (options, context) => R2_PLUGIN.getNodeBindings(asR2(options), context),
  async getServices(options) {
    const [binding] = bindingsOf(options.options).values();
    if (binding === undefined) return [];
    const services = await R2_PLUGIN.getServices({ ...options, options: asR2(options.options) });
    if (!Array.isArray(services)) throw new Error("Miniflare's R2 is not made of services alone any more");
    return services.map((service) => (service.name === objectService ? around(service, binding.dev.options.code) : service));
  },
};

export const plugins = { [pluginName]: wholeObjects };

function bindingsOf({ config }: WorkerOptions): Map<string, OurBinding> {
  return new Map(
    Object.entries(config.env ?? {}).flatMap(([name, binding]) => {
      const { success, data } = bindingSchema.safeParse(binding);
      return success ? [[name, data]] : [];
    }),
  );
}

/** A Worker with nothing but our bindings, as if they were Miniflare's. */
function asR2(options: WorkerOptions): WorkerOptions {
  const env = Object.fromEntries(
    [...bindingsOf(options)].map(([name, { dev }]) => [name, { type: "r2" as const, name: dev.options.bucket }]),
  );
  return { ...options, config: { ...options.config, env } };
}

/** Ours comes first: the first module is the Worker. */
function around(service: Service, code: string): Service {
  const worker = "worker" in service ? service.worker : undefined;
  const module = worker !== undefined && "modules" in worker ? worker.modules?.[0] : undefined;
  if (worker === undefined || module === undefined) throw new Error("Miniflare's bucket is no Worker of modules any more");
  return {
    ...service,
    worker: {
      ...worker,
      modules: [
        { name: "bucket.js", esModule: code },
        { ...module, name: "miniflare-bucket" },
      ],
    },
  };
}
