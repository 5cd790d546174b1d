// What translation between the dialects adds: calls whose client and upstream speak the same beside calls whose do not, CPU by /proc.
import { writeFileSync } from "node:fs";
import path from "node:path";

import { CREDENTIAL, startFake } from "../end2end/lib/fake.mjs";
import { temporaryFolder } from "../end2end/lib/process.mjs";
import { table } from "../end2end/lib/report.mjs";
import { besideLitellm } from "./lib/litellm.mjs";
import { round } from "./lib/marks.mjs";
import { callBody, median, startMeasured } from "./lib/stage.mjs";
import { steady } from "./lib/steady.mjs";
import { measured } from "./lib/wrk.mjs";

const CONNECTIONS = 32;
const ROUNDS = 5;
const EVENTS = 20;
const CALL_MICROS = 60;
const EVENT_MICROS = 4;
const DIALECTS = {
  messages: {
    name: "Messages",
    path: "/v1/messages",
    provider: (bare) => ({ dialect: "anthropic", base_url: bare }),
    isAnswer: (answer) => answer.type === "message" && answer.content?.[0]?.text.length > 0 && answer.usage.output_tokens > 0,
    isStream: (text) => text.startsWith("event: message_start\n") && text.trimEnd().endsWith('data: {"type":"message_stop"}'),
  },
  chat: {
    name: "Chat",
    path: "/v1/chat/completions",
    provider: (bare) => ({ dialect: "openai", base_url: `${bare}/v1` }),
    isAnswer: (answer) => answer.object === "chat.completion" && answer.choices?.[0]?.message.content.length > 0 && answer.usage.completion_tokens > 0,
    isStream: (text) => text.startsWith("data: {") && text.includes('"chat.completion.chunk"') && text.trimEnd().endsWith("data: [DONE]"),
  },
};
const PAIRS = [
  ["messages", "messages"],
  ["chat", "chat"],
  ["messages", "chat"],
  ["chat", "messages"],
];

export async function translation(marks, { seconds }) {
  const fake = await startFake({ name: "bare-upstream-translation" });
  const bare = `${fake.url}/bare/4w`;
  const { weirgate, key, pids } = await startMeasured({
    name: "weirgate-translation",
    providers: Object.entries(DIALECTS).map(([id, { provider }]) => ({ id, ...provider(bare), api_key: CREDENTIAL, models: { [`bare-${id}`]: "bare" } })),
  });
  const folder = temporaryFolder("bodies");
  const cells = [];
  for (const [client, upstream] of PAIRS) {
    for (const stream of [false, true]) {
      const body = path.join(folder, `${client}-${upstream}-${stream}.json`);
      const text = callBody(`bare-${upstream}`, { stream, chat: client === "chat" });
      writeFileSync(body, text);
      const cell = { client, upstream, stream, url: weirgate.origin + DIALECTS[client].path, body, seen: [] };
      cell.events = await looked(cell, text, key);
      cells.push(cell);
    }
  }
  // In turns, so that a noisy moment falls on all of them.
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const cell of cells) {
      cell.seen.push(await measured({ url: cell.url, body: cell.body, script: "call.lua", token: key, connections: CONNECTIONS, seconds: Math.max(1, Math.round(seconds / 2)), pids }));
    }
  }
  const cpu = (client, upstream, stream) => {
    const cell = cells.find((cell) => cell.client === client && cell.upstream === upstream && cell.stream === stream);
    return median(cell.seen.map(({ cpu }) => cpu));
  };
  console.log(`\nCalls in one dialect and in two, ${CONNECTIONS} connections, first byte at once, the middle of ${ROUNDS} runs`);
  table(
    ["client", "upstream", "call", "events to the client", "requests/s", "p50 ms", "CPU µs/request", "least", "most"],
    cells.map(({ client, upstream, stream, events, seen }) => [
      DIALECTS[client].name,
      DIALECTS[upstream].name,
      stream ? `${EVENTS}-event stream` : "small JSON",
      events ?? "–",
      Math.round(median(seen.map(({ rate }) => rate))),
      median(seen.map(({ p50 }) => p50)).toFixed(2),
      ...[cpu(client, upstream, stream), Math.min(...seen.map(({ cpu }) => cpu)), Math.max(...seen.map(({ cpu }) => cpu))].map(round),
    ]),
  );
  await translatedByLitellm(marks, fake, bare, seconds);
  // A translated call has its client's half of one untranslated call and its upstream's half of the other: their mean is what it is compared with. Over both
  // directions together that is exact.
  const added = (client, upstream, stream) => cpu(client, upstream, stream) - (cpu(client, client, stream) + cpu(upstream, upstream, stream)) / 2;
  const rows = [];
  const sums = [0, 0];
  for (const [client, upstream] of PAIRS.filter(([client, upstream]) => client !== upstream)) {
    const call = added(client, upstream, false);
    const event = (added(client, upstream, true) - call) / EVENTS;
    const way = `${DIALECTS[client].name} client, ${DIALECTS[upstream].name} upstream`;
    rows.push([way, round(call), round(event)]);
    sums[0] += call;
    sums[1] += event;
    marks.atMost(`translation, ${way}, CPU added to a small call`, call, CALL_MICROS, "µs");
    marks.atMost(`translation, ${way}, CPU added to an event`, event, EVENT_MICROS, "µs");
  }
  rows.push(["the mean of both", ...sums.map((sum) => round(sum / 2))]);
  console.log("\nWhat translation adds");
  table(["way", "CPU µs/small call", "CPU µs/event"], rows);
  await weirgate.stop();
}

/** Calls of Chat to an upstream of Messages through LiteLLM, which translates them too; nginx cannot. */
async function translatedByLitellm(marks, fake, bare, seconds) {
  const model = "bare-messages";
  const litellm = await besideLitellm(marks, fake, [{ model, bare: bare.slice(fake.url.length) }]);
  if (!litellm) return;
  const url = litellm.url.replace(DIALECTS.messages.path, DIALECTS.chat.path);
  const rows = [];
  for (const stream of [false, true]) {
    const cell = { client: "chat", upstream: "messages", stream, url };
    const body = callBody(model, { stream, chat: true });
    await looked(cell, body, litellm.token);
    const seen = await steady({ ...litellm, url, body, connections: CONNECTIONS, seconds });
    rows.push([stream ? `${EVENTS}-event stream` : "small JSON", Math.round(seen.rate), seen.p50.toFixed(2), round(seen.cpu)]);
  }
  console.log("\nLiteLLM beside it, Chat client, Messages upstream");
  table(["call", "requests/s", "p50 ms", "CPU µs/request"], rows);
}

/** One call, and whether its answer is what a client of that dialect expects; the number of a stream's events. */
async function looked({ client, upstream, stream, url }, body, key) {
  const response = await fetch(url, { method: "POST", headers: { authorization: `Bearer ${key}`, "content-type": "application/json" }, body });
  const text = await response.text();
  const { isStream, isAnswer } = DIALECTS[client];
  const what = `${client} client, ${upstream} upstream, ${stream ? "stream" : "JSON"}`;
  if (response.status !== 200) throw new Error(`${what}: ${response.status} ${text.slice(0, 300)}`);
  if (!(stream ? isStream(text) : isAnswer(JSON.parse(text)))) throw new Error(`${what}: not an answer of that dialect: ${text.slice(0, 600)}`);
  return stream ? text.trimEnd().split("\n\n").length : undefined;
}
