// A Weirgate of its own for a run: temporary folder, free port, a configuration that points at the fake.
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";

import { CREDENTIAL, MODELS } from "./fake.mjs";
import { freePort, required, start, stop, temporaryFolder, until } from "./process.mjs";

/** @param providers `[{id, dialect, base_url, api_key, responses?, models: {name: upstream}}]` */
export function configuration(providers) {
  const lines = [];
  for (const provider of providers) {
    lines.push(
      "[[providers]]",
      `id = ${JSON.stringify(provider.id)}`,
      `dialect = ${JSON.stringify(provider.dialect)}`,
      `base_url = ${JSON.stringify(provider.base_url)}`,
      `api_key = ${JSON.stringify(provider.api_key)}`,
      "allow_private_network = true",
      ...(provider.responses ? ["responses = true"] : []),
      "",
    );
  }
  for (const provider of providers) {
    for (const [name, upstream] of Object.entries(provider.models)) {
      lines.push(
        "[[models]]",
        `id = ${JSON.stringify(name)}`,
        `routes = [{ provider = ${JSON.stringify(provider.id)}, model = ${JSON.stringify(upstream)}, weight = 1 }]`,
        "context_length = 200000",
        'price = { input = "3.00", output = "15.00", cache_read = "0.30", cache_write_5m = "3.75", cache_write_1h = "6.00" }',
        "",
      );
    }
  }
  return lines.join("\n");
}

/** Every dialect of one fake. */
export function fakeProviders(fake, models = MODELS) {
  return [
    { id: "fake-anthropic", dialect: "anthropic", base_url: fake.url, api_key: CREDENTIAL, models: models.anthropic },
    { id: "fake-openai", dialect: "openai", base_url: `${fake.url}/v1`, api_key: CREDENTIAL, responses: true, models: models.openai },
  ];
}

/**
 * Starts a server and waits until it is ready. `binary` is the development build unless given; the release build
 * carries its pages, the development build reads them from WEIRGATE_SITE_ROOT.
 */
export async function startWeirgate({ name = "weirgate", providers = [], folder, port, env = {}, binary, quiet = false, config: more = "" } = {}) {
  folder ??= temporaryFolder(name);
  port ??= await freePort();
  mkdirSync(folder, { recursive: true });
  const config = path.join(folder, "weirgate.toml");
  writeFileSync(config, `${more}\n${configuration(providers)}`);
  const origin = `http://127.0.0.1:${port}`;
  const variables = {
    HOME: folder,
    HOST: "127.0.0.1",
    PORT: String(port),
    PUBLIC_URL: origin,
    APP_ENV: "development",
    WEIRGATE_SERVER__DATA_DIR: path.join(folder, "data"),
    // Every flow is one address, and some ask without a pause; flows about the limits set their own.
    RATE_LIMIT_MAX_REQUESTS: "100000000",
    WEIRGATE_RATE_LIMITS__ANONYMOUS_REQUESTS: "100000000",
    WEIRGATE_RATE_LIMITS__SIGN_IN_REQUESTS: "1000000",
    WEIRGATE_RATE_LIMITS__LINKS_PER_MINUTE: "1000000",
    WEIRGATE_RATE_LIMITS__LINKS_PER_HOUR: "1000000",
    WEIRGATE_RATE_LIMITS__LINKS_PER_EMAIL: "1000",
    ...env,
  };
  if (process.env.WEIRGATE_SITE_ROOT) variables.LEPTOS_SITE_ROOT ??= path.resolve(process.env.WEIRGATE_SITE_ROOT);
  const child = start(name, binary ?? required("WEIRGATE_BIN"), ["serve", "--config", config], { env: variables, cwd: folder, quiet });
  await until("/readyz", async () => (await fetch(`${origin}/readyz`)).ok, { child, limit: 30_000, every: 20 });
  return { child, origin, folder, port, variables, database: path.join(folder, "data", "weirgate.db"), stop: (options) => stop(child, options) };
}
