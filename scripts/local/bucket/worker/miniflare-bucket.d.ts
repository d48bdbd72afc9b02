/** Miniflare's own bucket, as far as ours builds on it. The plugin hands its code over under this name. */
declare module "miniflare-bucket" {
  export class R2BucketObject {
    constructor(state: DurableObjectState, env: unknown);
    readonly state: DurableObjectState;
    readonly blob: {
      /** Resolves with the name of the new blob when it is on the disk. */
      put(body: Uint8Array): Promise<string>;
      delete(id: string): Promise<void>;
    };
    /** Answers what changes something: the metadata in front of the body say what. */
    put: (request: Request) => Promise<Response>;
  }
}
