// A LiteLLM proxy of its own: one worker, no database.
import { writeFileSync } from "node:fs";
import path from "node:path";

import { freePort, required, start, temporaryFolder, until } from "./process.mjs";

const KEY = "sk-litellm-master";

/** @param models `[{name, model, api_base, api_key}]`: what clients call it, and LiteLLM's own name for what it is (`anthropic/claude-…`) */
export async function startLitellm(models, { quiet = false, env = {} } = {}) {
  const folder = temporaryFolder("litellm");
  const list = models.map(({ name, ...litellm_params }) => ({ model_name: name, litellm_params }));
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
