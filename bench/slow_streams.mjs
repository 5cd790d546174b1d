// Two thousand streams at once that say something every second: what a proxy holds in memory for them, and what an event costs.
import { CREDENTIAL, startFake } from "../end2end/lib/fake.mjs";
import { until } from "../end2end/lib/process.mjs";
import { table } from "../end2end/lib/report.mjs";
import { besideLitellm } from "./lib/litellm.mjs";
import { round } from "./lib/marks.mjs";
import { startNginx } from "./lib/nginx.mjs";
import { cpuMicros, fileLimit, rss } from "./lib/proc.mjs";
import { Connection } from "./lib/raw.mjs";
import { callBody, startMeasured } from "./lib/stage.mjs";

const STREAMS = Number(process.env.WEIRGATE_BENCH_STREAMS ?? 2000);
/** LiteLLM takes longer to begin two thousand than the first of them lasts. */
const OF_LITELLM = Math.min(STREAMS, 100);
const OPENING = 64;
const PAUSE_MS = 1000;
/** Words; six more events of a Messages stream carry none. */
const WORDS = 34;
const EVENTS = WORDS + 6;
const RSS_MIB = 150;
const UPSTREAM = `fake:slow=${PAUSE_MS}&events=${WORDS}`;

export async function slowStreams(marks) {
  // A stream is two descriptors of a proxy's.
  if (fileLimit() < 2 * STREAMS + 500) throw new Error(`no process may open more than ${fileLimit()} files here: raise the hard limit of \`ulimit -n\``);
  const fake = await startFake({ name: "slow-upstream" });
  const model = "slow";
  const nginx = await startNginx(fake.url, [{ path: model, bare: "" }]);
  const { weirgate, key, account, pids } = await startMeasured({
    name: "weirgate-slow-streams",
    providers: [{ id: model, dialect: "anthropic", base_url: fake.url, api_key: CREDENTIAL, models: { [model]: UPSTREAM } }],
  });
  const litellm = await besideLitellm(marks, fake, [{ model, upstream: UPSTREAM, bare: "" }], { warm: false });
  const through = [
    { name: "nginx", streams: STREAMS, url: `${nginx.origin}/${model}/stream/v1/messages`, token: CREDENTIAL, pids: nginx.pids, model: UPSTREAM },
    { name: "Weirgate", streams: STREAMS, url: `${weirgate.origin}/v1/messages`, token: key, pids, model },
    // What it makes of an event is its own.
    ...(litellm ? [{ name: "LiteLLM", streams: OF_LITELLM, ...litellm, model, rewrites: true }] : []),
  ];
  const rows = [];
  for (const server of through) {
    const { idle, memory, each } = await held(server);
    const kib = ((memory.open - idle) * 1024) / server.streams;
    rows.push([server.name, server.streams, ...[idle, memory.opening, memory.open, memory.ending].map((mib) => mib.toFixed(1)), kib.toFixed(1), round(each)]);
    if (server.name !== "Weirgate") continue;
    marks.atMost(`RSS with ${STREAMS} slow streams open`, Math.max(...Object.values(memory)), RSS_MIB, "MiB");
    await until("every stream on the books", async () => (await account.summary()).requests === STREAMS);
  }
  console.log(`\nStreams of ${EVENTS} events, one every ${PAUSE_MS} ms, all of them open at once: resident memory in MiB, at most`);
  table(["server", "streams", "idle", "while they begin", "all open", "while they end", "KiB a stream", "CPU µs an event"], rows);
  await weirgate.stop();
}

/** Opens all streams and reads them to their end: memory by phase, and CPU an event while all were open. */
async function held({ streams, url, token, pids, model, rewrites }) {
  const idle = rss(pids);
  const memory = { opening: 0, open: 0, ending: 0 };
  let phase = "opening";
  const look = () => (memory[phase] = Math.max(memory[phase], rss(pids)));
  const watch = setInterval(look, 250);
  const options = { url, token, body: callBody(model, { stream: true }) };
  const connections = [];
  const calls = [];
  let left = streams;
  let finished;
  const began = performance.now();
  let ended = 0;
  try {
    const over = new Promise((resolve, reject) => {
      finished = { resolve, reject };
    });
    over.catch(() => {});
    const worker = async () => {
      while (left > 0) {
        left -= 1;
        const connection = await new Connection(options).open();
        connections.push(connection);
        await new Promise((first, failed) => {
          const done = (call) => {
            ended += 1;
            calls.push(call);
            if (ended === streams) finished.resolve();
          };
          connection.ask({ first, done, failed: (error) => (finished.reject(error), failed(error)) });
        });
      }
    };
    await Promise.all(Array.from({ length: OPENING }, worker));
    const opened = performance.now() - began;
    if (ended > 0) throw new Error(`${ended} streams had ended before the last of ${streams} began, after ${(opened / 1000).toFixed(1)} s`);
    phase = "open";
    const events = () => connections.reduce((sum, { call }) => sum + (call?.events ?? EVENTS), 0);
    const before = { cpu: cpuMicros(pids), events: events() };
    await Promise.race([over, new Promise((resolve) => setTimeout(resolve, 5 * PAUSE_MS))]);
    const after = { cpu: cpuMicros(pids), events: events() };
    if (ended > 0) throw new Error(`${ended} streams ended within five events of the last one's beginning`);
    phase = "ending";
    await over;
    const wrong = rewrites ? [] : calls.filter((call) => call.events !== EVENTS);
    if (wrong.length > 0) throw new Error(`${wrong.length} of ${streams} streams had ${wrong[0].events} events instead of ${EVENTS}`);
    look();
    return { idle, memory, each: (after.cpu - before.cpu) / (after.events - before.events) };
  } finally {
    clearInterval(watch);
    for (const connection of connections) connection.close();
  }
}
