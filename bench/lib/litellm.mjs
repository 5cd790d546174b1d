// LiteLLM in front of the bare upstream, where there is one.
import { CREDENTIAL } from "../../end2end/lib/fake.mjs";
import { startLitellm } from "../../end2end/lib/litellm.mjs";
import { family } from "./proc.mjs";
import { callBody } from "./stage.mjs";

/** `delays`: `[{model, vendor, upstream, bare}]`, what a call names, in whose format it goes on, what it is at the upstream, and the prefix there. Without LiteLLM nothing comes back, and a mark is missed. */
export async function besideLitellm(marks, fake, delays, { warm = true } = {}) {
  if (!process.env.WEIRGATE_LITELLM_PYTHON) {
    marks.failed("LiteLLM beside it", new Error("WEIRGATE_LITELLM_PYTHON names no Python with end2end/requirements-litellm.txt"));
    return undefined;
  }
  const models = delays.map(({ model, vendor = "anthropic", upstream = "bare", bare }) => ({ name: model, model: `${vendor}/${upstream}`, api_base: fake.url + bare, api_key: CREDENTIAL }));
  const { url, key, child } = await startLitellm(models, { quiet: true, env: { LITELLM_LOG: "ERROR" } });
  // The first call of each kind loads what it needs, which takes seconds.
  for (const { model } of warm ? delays : []) {
    for (const stream of [false, true]) {
      const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
      const response = await fetch(`${url}/v1/messages`, { method: "POST", headers, body: callBody(model, { stream }) });
      const text = await response.text();
      if (response.status !== 200 || !text.includes(stream ? "message_stop" : '"output_tokens"')) throw new Error(`LiteLLM answers ${response.status} ${text.slice(0, 600)}`);
    }
  }
  return { url: `${url}/v1/messages`, token: key, pids: family(child.pid) };
}
