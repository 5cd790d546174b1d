// A real LiteLLM proxy between Weirgate and the fake: how it is started, and what Weirgate has to know of it then.
import { writeFileSync } from "node:fs";
import path from "node:path";

import { request } from "./api.mjs";
import { CREDENTIAL, MODELS, PRICE } from "./fake.mjs";
import { finish, freePort, required, start, temporaryFolder, until } from "./process.mjs";

const KEY = "sk-litellm-master";
/** What LiteLLM calls our classes of tokens. */
const COSTS = {
  input: "input_cost_per_token",
  output: "output_cost_per_token",
  cache_read: "cache_read_input_token_cost",
  cache_write_5m: "cache_creation_input_token_cost",
  cache_write_1h: "cache_creation_input_token_cost_above_1hr",
};
const CONTEXT = 200_000;

/**
 * One worker, no database.
 *
 * @param models `[{name, info, model, api_base, api_key}]`: what clients call it, what `/model/info` says of it beside what LiteLLM knows, and LiteLLM's own name for what it is (`anthropic/claude-…`)
 */
export async function startLitellm(models, { quiet = false, env = {} } = {}) {
  const folder = temporaryFolder("litellm");
  const list = models.map(({ name, info, ...litellm_params }) => ({ model_name: name, litellm_params, model_info: info }));
  // JSON is YAML.
  const config = path.join(folder, "config.yaml");
  writeFileSync(config, JSON.stringify({ model_list: list, general_settings: { master_key: KEY } }));
  const port = await freePort();
  const python = required("WEIRGATE_LITELLM_PYTHON");
  const child = start("litellm", path.join(path.dirname(python), "litellm"), ["--config", config, "--host", "127.0.0.1", "--port", String(port)], {
    env: { HOME: folder, LITELLM_LOCAL_MODEL_COST_MAP: "True", ...env },
    cwd: folder,
    quiet,
  });
  const url = `http://127.0.0.1:${port}`;
  await until("LiteLLM", async () => (await fetch(`${url}/health/liveliness`)).ok, { child, limit: 240_000, every: 200 });
  return { url, key: KEY, child };
}

/** A model of each format that is always busy, and one that makes vectors. */
export const BUSY = { anthropic: "claude-busy", openai: "gpt-busy" };
export const VECTORS = "vectors";

/** The fake's models and prices, as a proxy in front of it has them; with `all`, also those that only it has. */
export function modelsOf(fake, { all = false } = {}) {
  // Dollars a token; six places and six more.
  const costs = Object.fromEntries(Object.entries(COSTS).map(([ours, theirs]) => [theirs, Number(PRICE[ours]) / 1e12]));
  const info = { mode: "chat", max_input_tokens: CONTEXT, supports_vision: true, ...costs };
  const bases = [["anthropic", fake.url], ["openai", `${fake.url}/v1`]];
  return bases.flatMap(([dialect, api_base]) => {
    const there = { api_base, api_key: CREDENTIAL };
    const models = Object.entries(MODELS[dialect]).map(([name, upstream]) => ({ name, info, model: `${dialect}/${upstream}`, ...there }));
    if (!all) return models;
    models.push({ name: BUSY[dialect], info, model: `${dialect}/fake:status=429&retry_after=1`, ...there });
    if (dialect === "openai") models.push({ name: VECTORS, info: { ...info, mode: "embedding" }, model: "openai/fake:events=3", ...there });
    return models;
  });
}

/** The variables that put a Weirgate in front of it. */
export function behind({ url, key }) {
  return {
    LITELLM_API_URL: url,
    LITELLM_API_KEY: key,
    WEIRGATE_LITELLM__ALLOW_PRIVATE_NETWORK: "true",
    FIRST_ADMIN_EMAIL: "op@example.com",
    FIRST_ADMIN_PASSWORD: "a first password 1",
  };
}

/** Waits for the first look at the proxy, and compares the catalogue with what the proxy was given. */
export async function synced(report, weirgate) {
  const signedIn = await request(`${weirgate.origin}/api/v1/auth/login`, 200, {
    method: "POST",
    body: { email: "op@example.com", password: "a first password 1" },
  });
  const token = signedIn.access_token;
  const status = await until("models of LiteLLM", async () => {
    const status = await request(`${weirgate.origin}/api/v1/admin/models/sync`, 200, { token });
    return status.last_success_at && status;
  });
  const names = [...Object.values(MODELS).flatMap(Object.keys), ...Object.values(BUSY), VECTORS].sort();
  report.equal([status.report.new, status.report.skipped, status.is_stale], [names, [], false], "every model of LiteLLM is taken over");
  report.equal([status.report.unpriced, status.report.rounded, status.report.differing], [[], [], []], "with exact prices");
  const again = await request(`${weirgate.origin}/api/v1/admin/models/sync`, 200, { method: "POST", token });
  report.equal([again.models, again.new, again.changed, again.gone], [names.length, [], [], []], "asked again, nothing is different");
  const said = await finish("models-sync", required("WEIRGATE_BIN"), ["models", "sync", "--config", path.join(weirgate.folder, "weirgate.toml")], {
    env: weirgate.variables,
  });
  const line = `Models: ${names.length}, new: 0, changed: 0, gone: 0, restored: 0, skipped: 0`;
  report.fact(said.split("\n").includes(line), "the command line says the same", said);
  const listed = await request(`${weirgate.origin}/api/v1/admin/models?limit=100`, 200, { token });
  const steady = listed.data.find((model) => model.name === "claude-steady");
  report.equal(
    [steady.origin, steady.managed, steady.vendor, steady.context_length, steady.capabilities.includes("vision"), steady.price.input, steady.price.output],
    ["litellm", true, "anthropic", CONTEXT, true, "3.00", "15.00"],
    "a model says where it is from and what it costs",
  );
}

/** What LiteLLM says that a call costs, in dollars. */
export async function askThere({ url, key }, body) {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`LiteLLM answered ${response.status}: ${text.slice(0, 600)}`);
  return Number(response.headers.get("x-litellm-response-cost"));
}
