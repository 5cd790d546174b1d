// The fake upstream as a process, and what it says it served.
import { required, start } from "./process.mjs";

export const CREDENTIAL = "fake-upstream-credential";

export async function startFake({ name = "fake-upstream", threads = 1 } = {}) {
  const child = start(name, required("FAKE_UPSTREAM_BIN"), ["--port", "0", "--credential", CREDENTIAL, "--threads", String(threads)]);
  const url = `http://${await child.firstLine}`;
  const page = async (path) => (await fetch(`${url}${path}`)).json();
  return { child, url, calls: () => page("/__log"), totals: () => page("/__totals") };
}

/** The models that runs use: what clients call them, and what the fake does when it is asked for them. */
export const MODELS = {
  anthropic: {
    "claude-steady": "fake:events=12&cache=400,100,50",
    "claude-brief": "fake:events=3",
    "claude-slow": "fake:events=20&slow=25",
  },
  openai: {
    "gpt-steady": "fake:events=12&cache=400,0,0",
    "gpt-brief": "fake:events=3",
    "gpt-slow": "fake:events=20&slow=25",
  },
};

/** Micro-dollars per million tokens, as in the configuration that `weirgate.mjs` writes. */
export const PRICE = { input: 3_000_000n, output: 15_000_000n, cache_read: 300_000n, cache_write_5m: 3_750_000n, cache_write_1h: 6_000_000n };
