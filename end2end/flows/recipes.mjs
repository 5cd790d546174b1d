// Real clients, each set up by its recipe in an empty home folder: answers whole, streamed and with tools, on the books to the token as the
// client counts them, and refusals as its users see them. What was found stands in docs/reference/clients.md; a run that finds something
// else fails.
import { Account } from "../lib/api.mjs";
import { CREDENTIAL, MODELS } from "../lib/fake.mjs";
import { behind as variables, synced } from "../lib/litellm.mjs";
import { agrees, write } from "../lib/page.mjs";
import { startPassing } from "../lib/passing.mjs";
import { start } from "../lib/process.mjs";
import { follow } from "../lib/recipe.mjs";
import { Report } from "../lib/report.mjs";
import { fakeProviders, startWeirgate } from "../lib/weirgate.mjs";
import { CLIENTS, PROMPT, RESULTS, TOOLS_PROMPT, WORKS, objects, speaks } from "../clients/real.mjs";

/** Upstreams of one format each, for clients that speak another. */
const TRANSLATED = ["messages", "chat", "responses"];

/** For work, on a machine that does much else. */
const PATIENCE_MS = 120_000;
/** Some clients ask again for minutes: longer than all others take, shorter than any of them. */
const REFUSED_PATIENCE_MS = 45_000;
/** From its first call to its last: a refusal must not look like a client that hangs. */
const AT_ONCE_MS = 15_000;
const AT_A_TIME = 3;
const TOKENS = 12;
const BUSY = "fake:status=429&retry_after=1";
const NEVER = `wg-${"A".repeat(12)}-${"B".repeat(43)}-${"C".repeat(6)}`;
const REFUSALS = { 401: /not known here/, 404: /There is no model/, 429: /the model name asks for it/ };
const PATHS = { messages: "/v1/messages", chat: "/v1/chat/completions", responses: "/v1/responses" };
/** Formats that an upstream of each serves as they are. */
const NATIVE = { messages: ["messages"], chat: ["chat"], responses: ["responses", "chat"] };
/** Options without an effect tell these models apart in the fake's log. */
const UPSTREAM = {
  messages: "fake:events=12&cache=400,0,0&first=0",
  chat: "fake:events=12&cache=400,0,0&slow=0",
  responses: "fake:events=12&cache=400,0,0&first=0&slow=0",
};

/** `litellm`: a LiteLLM proxy in front of the fake, if there is one. */
export async function recipes(report, fake, litellm) {
  const all = process.env.WEIRGATE_ALL_CLIENTS === "1";
  const models = { anthropic: { ...MODELS.anthropic, "claude-busy": BUSY }, openai: { ...MODELS.openai, "gpt-busy": BUSY } };
  const server = await startWeirgate({ name: "weirgate-recipes", providers: [...fakeProviders(fake, models), ...translatedProviders(fake)] });
  const behind = litellm && (await startWeirgate({ name: "weirgate-recipes-litellm", env: variables(litellm) }));
  if (behind) await synced(report, behind);
  const answer = await told(fake);

  const chosen = CLIENTS.filter((client) => all || !client.large);
  // Those that are started once for each kind of work take longest.
  const left = [...chosen.filter((client) => client.works), ...chosen.filter((client) => client.program)];
  const rows = new Map();
  const worker = async () => {
    for (let client = left.shift(); client; client = left.shift()) {
      // Its own, because several run at a time and each looks at what it did itself.
      const own = new Report();
      const { id } = client;
      await own.step(`by its recipe: ${id}`, async () => rows.set(id, await check(own, client, server, behind, answer)));
      report.add(own);
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, worker));
  await server.stop();
  await behind?.stop();

  const calls = await fake.calls();
  for (const format of TRANSLATED) {
    const paths = new Set(calls.filter((call) => call.model === UPSTREAM[format]).map((call) => call.path));
    report.equal([...paths], [PATHS[format]], `what an upstream of ${format} is asked`);
  }
  const found = CLIENTS.map((client) => rows.get(client.id)).filter(Boolean);
  const known = CLIENTS.map((client) => client.id);
  if (process.env.WEIRGATE_WRITE_DOCS === "1") write(found, known);
  else agrees(report, found, known);
}

function translatedProviders(fake) {
  return TRANSLATED.map((format) => ({
    id: `only-${format}`,
    dialect: format === "messages" ? "anthropic" : "openai",
    base_url: format === "messages" ? fake.url : `${fake.url}/v1`,
    api_key: CREDENTIAL,
    responses: format === "responses",
    models: { [`${format}-only`]: UPSTREAM[format] },
  }));
}

/** What the fake says to a prompt without tools. */
async function told(fake) {
  const body = JSON.stringify({ model: MODELS.anthropic["claude-steady"], max_tokens: 200, messages: [{ role: "user", content: PROMPT }] });
  const response = await fetch(`${fake.url}/v1/messages`, { method: "POST", headers: { "x-api-key": CREDENTIAL, "content-type": "application/json" }, body });
  return flat((await response.json()).content[0].text);
}

async function check(report, client, server, behind, answer) {
  const format = speaks(client);
  const family = format === "messages" ? "claude" : "gpt";
  const own = await working(report, client, { way: "own", server, model: `${family}-steady`, answer });
  const found = { id: client.id, large: Boolean(client.large), version: client.version(), ...own, translated: {}, refusals: {} };
  if (behind) found.litellm = (await working(report, client, { way: "litellm", server: behind, model: `${family}-steady`, answer })).works;
  for (const upstream of TRANSLATED.filter((upstream) => !NATIVE[upstream].includes(format))) {
    const way = { way: upstream, server, model: `${upstream}-only`, answer };
    found.translated[upstream] = (await working(report, client, way)).works;
  }
  const account = await Account.register(server.origin);
  const { key } = await account.createKey(client.id);
  found.refusals[401] = await refused(report, client, { status: 401, server, key: NEVER, model: `${family}-steady` });
  found.refusals[404] = await refused(report, client, { status: 404, server, key, model: "no-such-model" });
  found.refusals[429] = await refused(report, client, { status: 429, server, key, model: `${family}-busy` });
  // Clients that ask on for minutes have shown that already.
  if (behind && !found.refusals[429].startsWith("asks on")) {
    const there = await (await Account.register(behind.origin)).createKey(client.id);
    await refused(report, client, { status: 429, way: "litellm", server: behind, key: there.key, model: `${family}-busy` });
  }
  return found;
}

/** Everything that a client can do, one way. */
async function working(report, client, { way, server, model, answer }) {
  const passing = await startPassing(server.origin);
  const account = await Account.register(server.origin);
  const { key } = await account.createKey(client.id);
  const recipe = await follow(client.id, { origin: passing.origin, key, model, more: client.more });
  report.equal(recipe.path, PATHS[speaks(client)], `${client.id}: the path that it calls`);
  await prepare(client, recipe, way);
  const seen = passing.take();
  const works = {};
  let before = 0;
  for (const [name, start] of client.program ? [["all", client.program]] : Object.entries(client.works)) {
    const what = `${client.id}, ${way}, ${name}`;
    const failures = report.failures.length;
    const output = await run(client, recipe, start, `${way}-${name}`, { more: { WORK_MODEL: model, WORK_PROMPT: TOOLS_PROMPT, WORK_WAY: way } });
    report.equal(output.code, 0, `${what}: exit code: ${output.stderr.slice(-800)}`);
    const done = client.program ? saidByProgram(output) : [{ work: name, text: client.answer?.(output) ?? output.stdout, calls: client.tokens?.(output) }];
    for (const { work, text } of done) {
      const expected = work === "tools" ? RESULTS : [answer];
      report.fact(expected.every((one) => flat(text ?? "").includes(one)), `${what}: the answer to ${work}`, `${text} ${output.stderr.slice(-600)}`);
    }
    const calls = passing.take();
    const answered = calls.filter((call) => call.path === recipe.path && call.status === 200).length;
    const expected = client.program ? done.flatMap((one) => one.calls).length : (name === "tools" ? 2 : 1) + (client.beside ?? 0);
    report.equal(answered, expected, `${what}: calls of ${recipe.path} that were answered`);
    const rows = (await account.settledCalls(before + answered)).slice(0, answered);
    before += answered;
    for (const row of rows) report.equal([row.status, row.source, row.http_status, row.model], ["settled", "provider", 200, model], `${what}: row`);
    counted(report, client, rows, done, what);
    for (const { work, calls: own } of done) works[work] = note(report.failures.length === failures, own?.some(Boolean) || works[work] === note(true, true));
    seen.push(...calls);
  }
  await passing.stop();
  const paths = [...new Set(seen.map((call) => `${call.method} ${call.path}`))].sort();
  return { name: recipe.name, paths, works: Object.fromEntries(WORKS.map((work) => [work, works[work] ?? "–"])) };
}

function note(well, counts) {
  if (!well) return "✗";
  return counts ? "✓ same counts" : "✓";
}

/** A program tells what it did, object by object; the recipe's own part prints its answer. */
function saidByProgram({ stdout, stderr }) {
  return objects(stderr).filter((object) => object.work).map((done) => ({ ...done, text: done.text ?? stdout }));
}

/** What the client says its calls used stands on the books, call by call or as a sum. */
function counted(report, client, rows, done, what) {
  const told = done.flatMap((one) => one.calls ?? []).filter(Boolean);
  if (!client.tokens && !client.program) {
    for (const row of rows) report.equal(row.tokens.output, TOKENS, `${what}: output tokens on the books`);
    return;
  }
  report.fact(told.length > 0, `${what}: the client tells its tokens`);
  const booked = rows.map((row) => inTheirWords(row.tokens, client));
  const left = told.length === 1 && !client.beside ? [sum(booked)] : booked;
  for (const call of told) {
    const at = left.findIndex((one) => Object.entries(call).every(([kind, tokens]) => one[kind] === tokens));
    report.fact(at >= 0, `${what}: tokens as the client tells them`, { told: call, booked: left });
    if (at >= 0) left.splice(at, 1);
  }
}

/** The books' numbers by the names that clients use; `input` with the cached ones where the client counts so. */
function inTheirWords({ input, cache_read, cache_write_5m, cache_write_1h, output }, { countsCached }) {
  const cached = cache_read + cache_write_5m + cache_write_1h;
  return { input: countsCached ? input + cached : input, cached, cache_read, cache_write: cache_write_5m + cache_write_1h, output };
}

function sum(rows) {
  return Object.fromEntries(Object.keys(rows[0] ?? {}).map((kind) => [kind, rows.reduce((all, row) => all + row[kind], 0)]));
}

/** A refusal: how often the client asks, and whether its user reads our words. */
async function refused(report, client, { status, way = "own", server, key, model }) {
  const what = `${client.id}, ${way}, ${status}`;
  const passing = await startPassing(server.origin);
  const recipe = await follow(client.id, { origin: passing.origin, key, model });
  const outputs = await prepare(client, recipe, `${way}-${status}`);
  const output = await run(client, recipe, client.program ?? client.works.streamed, `${way}-${status}`, { patience: REFUSED_PATIENCE_MS });
  const calls = passing.take();
  await passing.stop();
  if (client.exits !== false) report.fact(output.code !== 0, `${what}: it does not end well`, output.stdout.slice(-300));
  report.fact(calls.every((call) => call.status === status || (call.method !== "POST" && call.status === 200)), `${what}: what it is told`, calls);
  if (status !== 429 && calls.length > 0 && !client.prepare) {
    const ms = Math.round(calls.at(-1).at - calls[0].at);
    report.fact(ms < AT_ONCE_MS, `${what}: told at once`, `${ms} ms`);
  }
  if (output.late) {
    report.equal(status, 429, `${what}: no end, and only a rate limit is worth another try`);
    return `asks on for more than ${REFUSED_PATIENCE_MS / 1000} s`;
  }
  const text = [...outputs, output].map((one) => one.stdout + one.stderr).join("\n");
  const asked = calls.filter((call) => call.status === status).length;
  const times = { 0: ", without a call", 1: "" }[asked] ?? `, asks ${asked} times`;
  return (REFUSALS[status].test(text) ? "our words" : "its own words") + times;
}

/** What is typed once, before the client is used. */
async function prepare(client, recipe, name) {
  const outputs = [];
  for (const command of client.prepare?.(recipe) ?? []) outputs.push(await run(client, recipe, () => command, `${name}-prepare`));
  return outputs;
}

async function run(client, recipe, how, name, { more = {}, patience = PATIENCE_MS } = {}) {
  const [command, args, stdin] = how(recipe);
  const PATH = [client.path?.(), process.env.PATH].filter(Boolean).join(":");
  const child = start(`recipe-${client.id}-${name}`, command, args, { env: { ...client.env, ...recipe.env, ...more, PATH }, cwd: recipe.work, stdin });
  let stderr = "";
  child.stderr.on("data", (chunk) => (stderr += chunk));
  let late = false;
  const timer = setTimeout(() => (late = child.kill("SIGKILL")), patience);
  const { code } = await child.exited;
  clearTimeout(timer);
  return { code, late, stdout: child.output, stderr };
}

function flat(text) {
  return text.replace(/\s+/g, " ").trim();
}
