// What the server writes into its log, everything switched on: one JSON object a line, and nothing that a person typed, a model said or a
// secret is. The database is looked through for the same.
import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import net from "node:net";
import path from "node:path";

import { Account, request } from "../../lib/api.mjs";
import { CREDENTIAL } from "../../lib/fake.mjs";
import { artefact, until } from "../../lib/process.mjs";
import { fakeProviders, startWeirgate } from "../../lib/weirgate.mjs";

const NAME = "weirgate-log";
const PROMPT = "canary-of-a-prompt";
const FAULTS = ["fake", "fake:status=400", "fake:status=401", "fake:status=429&retry_after=1", "fake:status=500", "fake:html", "fake:events=8&error_mid=4", "fake:events=8&cut=5"];
/** Of every line about a request that was answered. */
const FIELDS = ["timestamp", "level", "env", "request_id", "route", "method", "status", "latency_ms"];
const DOORS = [
  ["signing up", "/api/v1/auth/register"],
  ["a call", "/v1/messages"],
  ["a list of models", "/v1/models"],
  ["a page", "/login"],
];

export async function log(report, fake) {
  const file = artefact(`${NAME}.log`);
  const from = existsSync(file) ? statSync(file).size : 0;
  const names = Object.fromEntries(FAULTS.map((fault, number) => [`canary-${number}`, fault]));
  // Every model is asked for at both doors, so that half of the calls are translated.
  const models = { anthropic: names, openai: Object.fromEntries(Object.entries(names).map(([name, fault]) => [`open-${name}`, fault])) };
  const weirgate = await startWeirgate({
    name: NAME,
    providers: fakeProviders(fake, models),
    env: { LOG_LEVEL: "trace", WEIRGATE_LOG__FORMAT: "json" },
  });
  const { origin } = weirgate;
  const secrets = new Map([["the provider's credential", CREDENTIAL], ["a prompt", PROMPT]]);
  let said = "";
  try {
    const account = await Account.register(origin, "canary-of-a-name");
    const made = await account.createKey("canary-of-a-label");
    const wrong = "canary-of-a-wrong-password";
    await request(`${origin}/api/v1/auth/login`, 401, { method: "POST", body: { email: account.email, password: wrong } });
    const again = await request(`${origin}/api/v1/auth/login`, 200, { method: "POST", body: { email: account.email, password: account.password } });
    await request(`${origin}/api/v1/usage/recent?limit=canary-of-a-query`, 422, { token: account.token });
    for (const [what, text] of [
      ["an address", account.email],
      ["a name", "canary-of-a-name"],
      ["a password", account.password],
      ["a wrong password", wrong],
      ["a key", made.key],
      ["a key's label", "canary-of-a-label"],
      ["an access token", account.token],
      ["another access token", again.access_token],
      ["a refresh token", again.refresh_token],
      ["a query", "canary-of-a-query"],
    ])
      secrets.set(what, text);
    for (const model of [...Object.keys(models.anthropic), ...Object.keys(models.openai)]) {
      for (const door of ["messages", "chat/completions"]) {
        for (const stream of [false, true]) said = (await call(origin, made.key, door, model, stream)) || said;
      }
    }
    secrets.set("what a model said", said);
    await rude(weirgate.port, made.key);
    await fetch(`${origin}/login`);
    await account.revokeKey(made.id);
    await request(`${origin}/v1/models`, 401, { headers: { "x-api-key": made.key } });
  } finally {
    await weirgate.stop();
  }
  // What it tells the person who started it goes to its standard output, which the artefact holds as well.
  const told = new Set(weirgate.child.output.split("\n"));
  const lines = await until("the log's lines", () => {
    const lines = readFileSync(file).subarray(from).toString("utf8").trimEnd().split("\n");
    return lines.length > 20 && lines.filter((line) => !told.has(line));
  });
  report.none(
    lines.filter((line) => !isRecord(line)),
    "lines that are no JSON object of their own",
  );
  const answered = lines.map((line) => isRecord(line) && JSON.parse(line)).filter((record) => record.target === "requests");
  for (const [door, route] of DOORS) {
    const record = answered.find((record) => record.route === route);
    report.fact(record && FIELDS.every((field) => field in record), `the line about ${door} has all its fields`, record);
  }
  report.none(
    answered.filter(({ env, status, error_class }) => env !== "development" || (status >= 400) !== (error_class !== undefined)),
    "lines about requests without where they were written, or whose class of error does not suit their status",
  );
  report.none(
    lines.filter((line) => /[\u0000-\u001f\u007f]/.test(line)),
    "lines with control characters",
  );
  const stored = databases(weirgate.folder);
  for (const [what, text] of secrets) {
    report.fact(typeof text === "string" && text.length > 7, `${what} is something to look for`, text);
    report.none(
      lines.filter((line) => line.includes(text)),
      `lines of the log with ${what}`,
    );
  }
  for (const what of ["a password", "a wrong password", "a key", "an access token", "a refresh token", "a prompt", "what a model said", "a query"]) {
    report.none(
      stored.filter(([, bytes]) => bytes.includes(secrets.get(what))).map(([name]) => name),
      `files of the database with ${what}`,
    );
  }
}

/** The text of a whole answer; nothing of one that failed or is a stream. */
async function call(origin, key, door, model, stream) {
  const response = await fetch(`${origin}/v1/${door}`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-api-key": key, "user-agent": "canary-of-a-program" },
    body: JSON.stringify({ model, stream, max_tokens: 64, messages: [{ role: "user", content: PROMPT }] }),
  });
  const text = await response.text().catch(() => "");
  if (stream || response.status !== 200) return "";
  const answer = JSON.parse(text);
  return answer.content?.[0]?.text ?? answer.choices?.[0]?.message?.content ?? "";
}

/** A program that names itself by escapes of a terminal, as nothing but a socket lets one. */
async function rude(port, key) {
  const socket = net.connect(port, "127.0.0.1");
  socket.end(`GET /v1/models HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nx-api-key: ${key}\r\nuser-agent: \u001b[31mred\u001b[0m\r\nconnection: close\r\n\r\n`);
  await new Promise((resolve, reject) => socket.on("close", resolve).on("error", reject).resume());
}

function isRecord(line) {
  try {
    const record = JSON.parse(line);
    return typeof record.timestamp === "string" && typeof record.level === "string";
  } catch {
    return false;
  }
}

/** Every file that the server keeps, the database's journal among them. */
function databases(folder) {
  const data = path.join(folder, "data");
  return readdirSync(data, { recursive: true })
    .map((name) => path.join(data, name))
    .filter((file) => statSync(file).isFile())
    .map((file) => [path.basename(file), readFileSync(file)]);
}
