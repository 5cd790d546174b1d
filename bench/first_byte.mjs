// What a proxy adds to the time until the first byte of an answer's body: the bare upstream, nginx and Weirgate in turns, so that a noisy moment falls on all.
import { once } from "node:events";
import { Worker } from "node:worker_threads";

import { startFake, CREDENTIAL } from "../end2end/lib/fake.mjs";
import { table } from "../end2end/lib/report.mjs";
import { besideLitellm } from "./lib/litellm.mjs";
import { startNginx } from "./lib/nginx.mjs";
import { connect } from "./lib/raw.mjs";
import { callBody, quantiles, startMeasured } from "./lib/stage.mjs";

const CONNECTIONS = 32;
const ROUNDS = 5;
const WARM_UP_MS = 500;
/** A connection asks again at once, or when its turn comes at random: so often that with an upstream of 20 ms most of them are busy. */
const DELAYS = [
  { name: "first byte after 20 ms", path: "20ms", bare: "/bare/4w/20ms", model: "bare-20ms", meanPauseMs: 24 / CONNECTIONS, mark: 0.3 },
  { name: "first byte at once", path: "0ms", bare: "/bare/4w", model: "bare", meanPauseMs: 0, mark: 3 },
];

export async function firstByte(marks, { seconds }) {
  const fake = await startFake({ name: "bare-upstream-first-byte" });
  const nginx = await startNginx(fake.url, DELAYS);
  const { weirgate, key } = await startMeasured({
    name: "weirgate-first-byte",
    providers: DELAYS.map(({ model, bare }) => ({ id: model, dialect: "anthropic", base_url: fake.url + bare, api_key: CREDENTIAL, models: { [model]: "bare" } })),
  });
  const litellm = await besideLitellm(marks, fake, DELAYS);
  for (const delay of DELAYS) {
    const through = {
      "no proxy": `${fake.url}${delay.bare}/v1/messages`,
      nginx: `${nginx.origin}/${delay.path}/stream/v1/messages`,
      Weirgate: `${weirgate.origin}/v1/messages`,
    };
    const body = callBody(delay.model, { stream: true });
    const times = Object.fromEntries(Object.keys(through).map((name) => [name, []]));
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const [name, url] of Object.entries(through)) {
        const seen = await firstBytes({ url, token: key, body, milliseconds: Math.max(1000, (seconds * 1000) / 2), meanPauseMs: delay.meanPauseMs });
        times[name].push(...seen);
      }
    }
    // Once and by itself: it is too slow for turns, and what it leaves behind would fall on the others.
    if (litellm) {
      const milliseconds = Math.max(4000, seconds * 1000);
      times.LiteLLM = await firstBytes({ ...litellm, body, milliseconds, meanPauseMs: delay.meanPauseMs });
    }
    const at = Object.fromEntries(Object.entries(times).map(([name, seen]) => [name, quantiles(seen)]));
    const rows = Object.keys(times).map((name) => [
      name,
      times[name].length,
      ...[0.5, 0.95, 0.99].map((share) => at[name](share).toFixed(3)),
      ...["no proxy", "nginx"].map((other) => (name === "no proxy" || name === other ? "–" : (at[name](0.5) - at[other](0.5)).toFixed(3))),
    ]);
    console.log(`\nTime to the first byte of a stream's body, ${delay.name}, ${CONNECTIONS} connections that ask ${delay.meanPauseMs ? "at random moments" : "without a pause"}`);
    table(["server", "calls", "p50 ms", "p95 ms", "p99 ms", "p50 less that of no proxy", "less that of nginx"], rows);
    marks.atMost(`added time to first byte, ${delay.name}, ${CONNECTIONS} connections, p50`, at.Weirgate(0.5) - at["no proxy"](0.5), delay.mark, "ms");
  }
  await weirgate.stop();
}

/** The times to the first byte, in milliseconds, of all calls that began after the warm-up and before the end. */
async function firstBytes({ url, token, body, milliseconds, meanPauseMs }) {
  const connections = await connect(CONNECTIONS, { url, token, body });
  const times = [];
  const idle = [];
  const pacer = meanPauseMs ? new Worker(new URL("./lib/pacer.mjs", import.meta.url), { workerData: { mean: meanPauseMs } }) : undefined;
  if (pacer) await once(pacer, "message");
  const begins = performance.now() + WARM_UP_MS;
  const ends = begins + milliseconds;
  try {
    await new Promise((resolve, reject) => {
      let busy = 0;
      const free = (connection) => {
        if (performance.now() >= ends) {
          if (busy === 0) resolve();
        } else if (meanPauseMs) {
          idle.push(connection);
        } else {
          ask(connection);
        }
      };
      const ask = (connection) => {
        busy += 1;
        connection.ask({
          done(call) {
            busy -= 1;
            if (call.began >= begins && call.began < ends) times.push(call.firstByte - call.began);
            free(connection);
          },
          failed: reject,
        });
      };
      for (const connection of connections) free(connection);
      pacer?.on("error", reject);
      pacer?.on("message", () => {
        if (performance.now() < ends) {
          if (idle.length > 0) ask(idle.shift());
        } else if (busy === 0) {
          resolve();
        }
      });
    });
  } finally {
    await pacer?.terminate();
    for (const connection of connections) connection.close();
  }
  if (times.length < 100) throw new Error(`${url}: no more than ${times.length} calls`);
  return times;
}
