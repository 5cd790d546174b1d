// Two thousand streams at once that say something every second: what Weirgate holds in memory for them, and what an event costs.
import { CREDENTIAL, startFake } from "../end2end/lib/fake.mjs";
import { until } from "../end2end/lib/process.mjs";
import { table } from "../end2end/lib/report.mjs";
import { round } from "./lib/marks.mjs";
import { cpuMicros, fileLimit, rss } from "./lib/proc.mjs";
import { Connection } from "./lib/raw.mjs";
import { callBody, startMeasured } from "./lib/stage.mjs";

const STREAMS = Number(process.env.WEIRGATE_BENCH_STREAMS ?? 2000);
const OPENING = 64;
const PAUSE_MS = 1000;
/** Words; six more events of a Messages stream carry none. */
const WORDS = 34;
const EVENTS = WORDS + 6;
const RSS_MIB = 150;

export async function slowStreams(marks) {
  // A stream is two descriptors of Weirgate's.
  if (fileLimit() < 2 * STREAMS + 500) throw new Error(`no process may open more than ${fileLimit()} files here: raise the hard limit of \`ulimit -n\``);
  const fake = await startFake({ name: "slow-upstream" });
  const model = "slow";
  const { weirgate, key, account, pids } = await startMeasured({
    name: "weirgate-slow-streams",
    providers: [{ id: model, dialect: "anthropic", base_url: fake.url, api_key: CREDENTIAL, models: { [model]: `fake:slow=${PAUSE_MS}&events=${WORDS}` } }],
  });
  const idle = rss(pids);
  const memory = { opening: 0, open: 0, ending: 0 };
  let phase = "opening";
  const look = () => (memory[phase] = Math.max(memory[phase], rss(pids)));
  const watch = setInterval(() => weirgate.child.exitCode === null && weirgate.child.signalCode === null && look(), 250);
  const options = { url: `${weirgate.origin}/v1/messages`, token: key, body: callBody(model, { stream: true }) };
  const connections = [];
  const calls = [];
  let left = STREAMS;
  let opened;
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
            if (ended === STREAMS) finished.resolve();
          };
          connection.ask({ first, done, failed: (error) => (finished.reject(error), failed(error)) });
        });
      }
    };
    await Promise.all(Array.from({ length: OPENING }, worker));
    opened = performance.now() - began;
    if (ended > 0) throw new Error(`${ended} streams had ended before the last of ${STREAMS} began, after ${(opened / 1000).toFixed(1)} s`);
    phase = "open";
    const events = () => connections.reduce((sum, { call }) => sum + (call?.events ?? EVENTS), 0);
    const before = { cpu: cpuMicros(pids), events: events() };
    await Promise.race([over, new Promise((resolve) => setTimeout(resolve, 5 * PAUSE_MS))]);
    const after = { cpu: cpuMicros(pids), events: events() };
    if (ended > 0) throw new Error(`${ended} streams ended within five events of the last one's beginning`);
    const each = (after.cpu - before.cpu) / (after.events - before.events);
    phase = "ending";
    await over;
    const wrong = calls.filter((call) => call.events !== EVENTS);
    if (wrong.length > 0) throw new Error(`${wrong.length} of ${STREAMS} streams had ${wrong[0].events} events instead of ${EVENTS}`);
    look();
    await until("every stream on the books", async () => (await account.summary()).requests === STREAMS);
    console.log(`\n${STREAMS} streams of ${EVENTS} events, one every ${PAUSE_MS} ms; all of them open ${(opened / 1000).toFixed(1)} s after the first`);
    table(
      ["", "RSS MiB, at most"],
      [["idle", idle], ["while they begin", memory.opening], ["all open", memory.open], ["while they end", memory.ending]].map(([name, mib]) => [name, mib.toFixed(1)]),
    );
    console.log(`${((memory.open - idle) * 1024 / STREAMS).toFixed(1)} KiB a stream; ${round(each)} CPU µs an event`);
    marks.atMost(`RSS with ${STREAMS} slow streams open`, Math.max(...Object.values(memory)), RSS_MIB, "MiB");
  } finally {
    clearInterval(watch);
    for (const connection of connections) connection.close();
  }
  await weirgate.stop();
}
