// The vendors' SDKs, unmodified, through Weirgate: what each SDK says a call used is what the books say, to the token and the nano-dollar.
//
// Three ways: straight to the fake (shows that harness and fake are right), Weirgate → fake, Weirgate → LiteLLM proxy → fake (an upstream
// that nobody here wrote, and whose models and prices Weirgate takes over from it). WEIRGATE_LITELLM_PYTHON unset leaves the third one out and says so.
import { randomUUID } from "node:crypto";
import path from "node:path";

import { Account, request } from "../lib/api.mjs";
import { CREDENTIAL, MODELS, PRICE, startFake } from "../lib/fake.mjs";
import { BUSY, VECTORS, askThere, behind, modelsOf, startLitellm, synced } from "../lib/litellm.mjs";
import { HERE, finish, required, temporaryFolder } from "../lib/process.mjs";
import { Report, table } from "../lib/report.mjs";
import { fakeProviders, startWeirgate } from "../lib/weirgate.mjs";
import { recipes } from "./recipes.mjs";

const CLIENTS = [
  { name: "anthropic (Python)", dialect: "anthropic", program: () => [required("WEIRGATE_PYTHON"), "anthropic_client.py"] },
  { name: "anthropic (TypeScript)", dialect: "anthropic", program: () => [process.execPath, "anthropic_client.mjs"] },
  { name: "openai (Python)", dialect: "openai", program: () => [required("WEIRGATE_PYTHON"), "openai_client.py"] },
  { name: "openai (TypeScript)", dialect: "openai", program: () => [process.execPath, "openai_client.mjs"] },
];
const MODES = { anthropic: ["json", "stream"], openai: ["json", "stream", "stream_usage", "responses", "responses_stream", "embeddings"] };
const MODEL = { anthropic: "claude-steady", openai: "gpt-steady" };
/** The fake's vectors: the input's place, its length, a half. */
const VECTOR = [0, 36, 0.5];
const PROMPT_TOKENS = 10;
/** A refusal that the SDK retries takes seconds; one that says `x-should-retry: false` does not. */
const QUICK_MS = 3000;

export async function run() {
  const report = new Report();
  const rows = [];
  const fake = await startFake();
  let litellm;

  await report.step("SDKs straight to the fake", () => direct(report, rows, fake));
  await report.step("Weirgate → fake", async () => {
    const weirgate = await startWeirgate({ providers: fakeProviders(fake) });
    await through(report, rows, weirgate, "Weirgate");
    await refusals(report, weirgate);
    await looks(report, weirgate);
    await report.step("SIGTERM ends it properly", async () => report.equal((await weirgate.stop()).code, 0, "exit code"));
  });
  if (process.env.WEIRGATE_LITELLM_PYTHON) {
    await report.step("Weirgate → LiteLLM → fake", async () => {
      litellm = await startLitellm(modelsOf(fake, { all: true }));
      const weirgate = await startWeirgate({ name: "weirgate-litellm", env: behind(litellm) });
      await synced(report, weirgate);
      await priced(report, weirgate, litellm);
      await through(report, rows, weirgate, "Weirgate, LiteLLM", VECTORS);
      await refusals(report, weirgate);
      await busy(report, weirgate);
      await weirgate.stop();
    });
  } else {
    console.log("– Weirgate → LiteLLM → fake left out: WEIRGATE_LITELLM_PYTHON is not set");
  }

  await report.step("translated answers are what the vendors' libraries take", async () => {
    const said = await finish("translated-shapes", required("WEIRGATE_PYTHON"), [path.join(HERE, "clients/translated_shapes.py")]);
    console.log(`  ${said.trim()}`);
  });
  await recipes(report, fake, litellm);

  console.log();
  table(["client", "mode", "by way of", "input", "cache read", "write 5m", "write 1h", "output", "cost (n$)", "ms", ""], rows);
  return report.end("clients");
}

async function direct(report, rows, fake) {
  for (const client of CLIENTS) {
    const models = MODELS[client.dialect];
    const scenarios = MODES[client.dialect].map((mode) => scenario(mode, models[modelOf(client, mode)], CREDENTIAL));
    const results = await ask(client, fake.url, scenarios);
    const calls = await fake.calls();
    for (const asked of scenarios) {
      const result = results.get(asked.id);
      const call = calls.find((call) => call.headers.some(([name, value]) => name === "x-request-id" && value === asked.request_id));
      const told = asked.mode === "stream" && client.dialect === "openai" ? null : call?.billed;
      const holds = report.equal(result?.tokens, told, `${client.name}, ${asked.mode}, direct: tokens`);
      rows.push(row(client, asked, "itself", result, call?.billed, "", holds));
    }
  }
}

async function through(report, rows, weirgate, way, vectors = "gpt-brief") {
  for (const client of CLIENTS) {
    const account = await Account.register(weirgate.origin);
    const created = await account.createKey(client.name);
    report.fact(/^wg-[0-9A-Za-z]{12}-[0-9A-Za-z]{43}-[0-9A-Za-z]{6}$/.test(created.key), "a key has the documented shape", created.key);
    const scenarios = MODES[client.dialect].map((mode) => scenario(mode, modelOf(client, mode, vectors), created.key));
    const results = await ask(client, weirgate.origin, scenarios);
    const booked = await account.settled(scenarios.map((asked) => asked.request_id));
    const shown = await account.shownCalls();
    const sum = { input: 0, cache_read: 0, cache_write_5m: 0, cache_write_1h: 0, output: 0 };
    let cost = 0n;
    for (const asked of scenarios) {
      const what = `${client.name}, ${asked.mode}, ${way}`;
      const result = results.get(asked.id);
      const entry = booked.get(asked.request_id);
      const before = report.failures.length;
      report.fact(!result.error, `${what}: no error`, result.error ?? "");
      report.equal([entry.status, entry.source, entry.http_status, entry.model], ["settled", "provider", 200, asked.model], `${what}: row`);
      if (asked.mode === "stream" && client.dialect === "openai") {
        report.equal([result.tokens, result.without_choices], [null, 0], `${what}: the usage chunk nobody asked for is left out`);
      } else {
        report.equal(entry.tokens, result.tokens, `${what}: tokens on the books and in the SDK`);
      }
      const { input, output, ...cached } = entry.tokens;
      const numbers = [input, Object.values(cached).reduce((sum, tokens) => sum + tokens), output].join(" / ");
      report.fact(shown.get(asked.request_id)?.includes(numbers), `${what}: the dashboard's row says ${numbers}`, shown.get(asked.request_id));
      report.equal(entry.tokens.output, asked.mode === "embeddings" ? 0 : 12, `${what}: output tokens`);
      if (asked.mode === "embeddings") report.equal(result.vector, VECTOR, `${what}: the vector`);
      const expected = price(entry.tokens);
      report.equal(BigInt(entry.cost_nanos), expected, `${what}: cost`);
      for (const kind of Object.keys(sum)) sum[kind] += entry.tokens[kind];
      cost += expected;
      rows.push(row(client, asked, way, result, entry.tokens, entry.cost_nanos, report.failures.length === before));
    }
    const summary = await account.summary();
    report.equal([summary.requests, summary.tokens], [scenarios.length, sum], `${client.name}, ${way}: this month's requests and tokens`);
    report.equal(BigInt(summary.cost_nanos), cost, `${client.name}, ${way}: this month's cost`);
  }
}

/** A call of a model that was taken over costs what LiteLLM says of the same call. */
async function priced(report, weirgate, litellm) {
  const account = await Account.register(weirgate.origin);
  const { key } = await account.createKey();
  for (const model of ["gpt-steady", "gpt-brief", "claude-brief"]) {
    const body = { model, messages: [{ role: "user", content: "What does a weir do?" }] };
    const there = await askThere(litellm, body);
    const id = `e2e-${randomUUID()}`;
    await request(`${weirgate.origin}/v1/chat/completions`, 200, { method: "POST", body, token: key, headers: { "x-request-id": id } });
    const entry = (await account.settled([id])).get(id);
    report.equal([entry.status, entry.provider, entry.unpriced], ["settled", "litellm", false], `${model}: served by way of LiteLLM`);
    report.fact(there > 0, `${model}: LiteLLM says what it costs`, there);
    report.equal(Number(entry.cost_nanos), Math.round(there * 1e9), `${model}: cost on the books and at LiteLLM`);
  }
}

/** Bad keys and unknown models: the SDK's own class, our text, and no retries. */
async function refusals(report, weirgate) {
  const account = await Account.register(weirgate.origin);
  const { key, ...created } = await account.createKey();
  const revoked = await account.createKey("revoked");
  await account.revokeKey(revoked.id ?? revoked.data?.id);
  const never = `wg-${"A".repeat(12)}-${"B".repeat(43)}-${"C".repeat(6)}`;
  for (const client of CLIENTS) {
    const scenarios = [
      { ...scenario("json", MODEL[client.dialect], never), id: "unknown key", expect: ["AuthenticationError", 401] },
      { ...scenario("stream", MODEL[client.dialect], revoked.key), id: "revoked key", expect: ["AuthenticationError", 401] },
      { ...scenario("json", "no-such-model", key), id: "unknown model", expect: ["NotFoundError", 404] },
    ];
    const results = await ask(client, weirgate.origin, scenarios);
    for (const asked of scenarios) {
      const { error, ms } = results.get(asked.id);
      report.equal([error?.class, error?.status], asked.expect, `${client.name}, ${asked.id}: error`);
      report.fact(ms < QUICK_MS, `${client.name}, ${asked.id}: told at once`, `${ms} ms`);
      report.fact(!/fake upstream/i.test(error?.message ?? ""), `${client.name}, ${asked.id}: our own words`, error?.message);
      if (asked.id === "unknown model") {
        report.fact(error?.message.includes(MODEL[client.dialect]), `${client.name}: names the models there are`, error?.message);
      } else {
        report.fact(/key/i.test(error?.message ?? ""), `${client.name}, ${asked.id}: says that it is the key`, error?.message);
      }
    }
  }
  report.equal((await account.summary()).requests, 0, "refusals are not requests");
  report.fact(!("key_hash" in created || "secret_hash" in created), "no hash leaves", Object.keys(created));
}

/** A vendor that has no time, behind a proxy that says so in a form of its own: the SDK's own class. */
async function busy(report, weirgate) {
  const account = await Account.register(weirgate.origin);
  const { key } = await account.createKey();
  for (const client of CLIENTS) {
    const asked = scenario("json", BUSY[client.dialect], key);
    const { error } = (await ask(client, weirgate.origin, [asked])).get(asked.id);
    report.equal([error?.class, error?.status], ["RateLimitError", 429], `${client.name}, busy behind LiteLLM: error`);
  }
  report.equal((await account.summary()).tokens.output, 0, "a busy vendor costs nothing");
}

/** Lists of models, page by page, and counted tokens: what costs nothing and stands on no book. */
async function looks(report, weirgate) {
  const account = await Account.register(weirgate.origin);
  const { key } = await account.createKey();
  const all = Object.values(MODELS).flatMap(Object.keys).sort();
  for (const client of CLIENTS) {
    const scenarios = [scenario("models", MODEL[client.dialect], key)];
    if (client.dialect === "anthropic") scenarios.push(scenario("count", "claude-steady", key), scenario("count", "gpt-steady", key));
    const results = await ask(client, weirgate.origin, scenarios);
    const [models, native, bounded] = scenarios.map((asked) => results.get(asked.id));
    report.equal([models.models, models.model], [all, MODEL[client.dialect]], `${client.name}: the list of models, and one of them`);
    if (client.dialect !== "anthropic") continue;
    report.equal(native.input_tokens, PROMPT_TOKENS, `${client.name}: tokens as the upstream counts them`);
    report.fact(bounded.input_tokens >= PROMPT_TOKENS, `${client.name}: a bound for a model of another dialect`, bounded);
  }
  report.equal((await account.summary()).requests, 0, "looking and counting are not requests");
}

/** The fake's vectors know no cache, so what is asked for vectors reports none. */
function modelOf(client, mode, vectors = "gpt-brief") {
  return mode === "embeddings" ? vectors : MODEL[client.dialect];
}

function scenario(mode, model, key) {
  return { id: randomUUID(), request_id: `e2e-${randomUUID()}`, mode, model, key };
}

async function ask(client, baseUrl, scenarios) {
  const [command, file] = client.program();
  const output = await finish(`client-${file}`, command, [path.join(HERE, "clients", file)], {
    env: { HOME: temporaryFolder("client") },
    stdin: JSON.stringify({ base_url: baseUrl, scenarios }),
  });
  return new Map(output.trim().split("\n").map((line) => JSON.parse(line)).map((result) => [result.id, result]));
}

/** Half up, once per call, as the books round. */
function price(tokens) {
  let sum = 0n;
  for (const [kind, each] of Object.entries(PRICE)) sum += BigInt(tokens[kind]) * each;
  return (sum + 500n) / 1000n;
}

function row(client, asked, way, result, tokens, cost, holds) {
  return [
    client.name,
    asked.mode,
    way,
    tokens?.input,
    tokens?.cache_read,
    tokens?.cache_write_5m,
    tokens?.cache_write_1h,
    tokens?.output,
    cost,
    result?.ms,
    holds ? "ok" : "WRONG",
  ];
}
