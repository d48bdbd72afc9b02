/** The bindings of wrangler.toml that are in use. */
type Env = {
  readonly DIRECTORY: D1Database;
};
declare const _default: {
  scheduled(controller: ScheduledController, env: Env): Promise<void>;
};
export default _default;
