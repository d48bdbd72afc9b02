/** Notices that the server does not answer, long before the tries of a request are used up. */
import type { Http } from "../edge/http.ts";

/** A kept connection that the server had closed fails once, and the next try opens another. */
const failuresMin = 2;

/** The same exchanges; `onLost` is told once when answers fail to come, and again only after one came. */
export function watchReach(http: Http, onLost: (why: string) => void): Http {
  let failures = 0;
  return {
    async request(request) {
      try {
        const answer = await http.request(request);
        failures = 0;
        return answer;
      } catch (error) {
        if (request.signal?.aborted !== true && !(error instanceof RangeError) && ++failures === failuresMin)
          onLost(error instanceof Error ? error.message : String(error));
        throw error;
      }
    },
  };
}
