/** The worker that uploads: it reads, cuts, hashes and sends, so that the page never waits. */
import { createCaller } from "@ashlar/client/edge/caller";
import { createEdge } from "@ashlar/client/edge/edge";
import { createSignedCaller } from "@ashlar/client/edge/signed-caller";
import { systemClock } from "../platform/clock.ts";
import { hmac } from "../platform/hash.ts";
import { browserHttp } from "../platform/http.ts";
import { randomBytes } from "../platform/random.ts";
import type { FromWorker, Identity, ToWorker } from "./messages.ts";
import { createUploader, type Uploader } from "./uploader.ts";
import { workerTokens, type WorkerTokens } from "./worker-tokens.ts";

type Begun = { readonly tokens: WorkerTokens; readonly uploader: Uploader };

const say = (message: FromWorker): void => postMessage(message);
let begun: Begun | undefined;

function begin(identity: Identity): Begun {
  const tokens = workerTokens(identity, say);
  const call = createCaller({ http: browserHttp, clock: systemClock, random: randomBytes });
  const edge = createEdge({
    call: createSignedCaller(call, tokens),
    tokens,
    deviceName: identity.deviceName,
    compression: { decompress: async (bytes) => bytes },
    hmac,
  });
  return { tokens, uploader: createUploader(edge, say) };
}

addEventListener("message", ({ data }: MessageEvent<ToWorker>) => {
  switch (data.type) {
    case "begin":
      begun = begin(data.identity);
      return;
    case "upload":
      return begun?.uploader.add(data.tasks);
    case "stop":
      return begun?.uploader.stop(data.ids);
    case "token":
      return begun?.tokens.answer(data.asked, data.token);
    case "no-token":
      return begun?.tokens.refuse(data.asked, data.why);
  }
});
