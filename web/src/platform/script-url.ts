/** Scripts of this build, for workers: the page's policy takes an address of a script only from here (Trusted Types). */
type Policy = { createScriptURL(url: string): string };
type Policies = { createPolicy(name: string, rules: Policy): Policy };

const rules: Policy = {
  createScriptURL(text) {
    const url = new URL(text, location.href);
    if (url.origin !== location.origin || !url.pathname.startsWith("/assets/"))
      throw new TypeError(`${url.href} is no script of this page`);
    return url.href;
  },
};

const { trustedTypes } = globalThis as { trustedTypes?: Policies };
const policy = trustedTypes?.createPolicy("ashlar", rules) ?? rules;

/** What a browser with Trusted Types makes is no string, though the compiler thinks so. */
export const scriptUrl = (url: string): string => policy.createScriptURL(url);
