// Five hundred sign-ins at once: memory stays within what the permits allow, everything else goes on answering, who is too many is told
// when to come again, and a client that leaves does not free a place for the next while its hash is still being made.
//
// WEIRGATE_CROWD: how many (default 500). WEIRGATE_RELEASE_BIN: the binary to measure instead of the development build.
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";

import { Account } from "../lib/api.mjs";
import { until } from "../lib/process.mjs";
import { Report, table } from "../lib/report.mjs";
import { startWeirgate } from "../lib/weirgate.mjs";

const CROWD = Number(process.env.WEIRGATE_CROWD ?? 500);
const ROUNDS = 3;
/** As `server/src/passwords.rs` counts them: one a core, at least two. */
const PERMITS = Math.max(availableParallelism(), 2);
const HASH_MIB = 19;
const SLACK_MIB = 64;
const PROBE_MS = 100;

export async function run() {
  const report = new Report();
  const weirgate = await startWeirgate({
    name: "weirgate-crowd",
    binary: process.env.WEIRGATE_RELEASE_BIN || undefined,
    // The flow plays a proxy with a client behind every request; the limits are those out of the box.
    env: { WEIRGATE_SERVER__TRUSTED_PROXIES: "127.0.0.0/8", WEIRGATE_RATE_LIMITS__SIGN_IN_REQUESTS: "50" },
  });
  const rows = [];
  try {
    const account = await Account.register(weirgate.origin, "owner");
    const floor = memory(weirgate.child.pid);
    const ceiling = floor + PERMITS * HASH_MIB + SLACK_MIB;
    for (let round = 1; round <= ROUNDS; round += 1) {
      await report.step(`${CROWD} sign-ins at once, round ${round}`, () => crowd(report, rows, weirgate, { round, floor, ceiling, stay: true }));
    }
    await report.step(`${CROWD} sign-ins whose clients leave at once`, () => crowd(report, rows, weirgate, { round: ROUNDS + 1, floor, ceiling, stay: false }));
    await report.step("the owner signs in afterwards", async () => {
      await until("a place", async () => (await signIn(weirgate, 0, account.email, account.password)).status === 200, { every: 200 });
    });
  } finally {
    await weirgate.stop();
  }
  console.log(`\n${PERMITS} permits: at most ${PERMITS} × ${HASH_MIB} + ${SLACK_MIB} MiB above the start; /livez p99 below ${PROBE_MS} ms`);
  table(["clients", "checked", "sent away", "gone", "seconds", "RSS over start MiB", "/livez asked", "p50 ms", "p99 ms"], rows);
  return report.end("crowd");
}

async function crowd(report, rows, weirgate, { round, floor, ceiling, stay }) {
  const probe = await startProbe(weirgate.origin);
  let peak = 0;
  const sampler = setInterval(() => (peak = Math.max(peak, memory(weirgate.child.pid))), 10);
  const began = performance.now();
  const leave = stay ? undefined : AbortSignal.timeout(150);
  const asked = Array.from({ length: CROWD }, (_, index) =>
    signIn(weirgate, round * CROWD + index, `nobody-${round}-${index}@example.com`, "not the password", leave),
  );
  const answers = await Promise.all(asked);
  // Clients may be gone; what they started runs on.
  if (!stay) await new Promise((resolve) => setTimeout(resolve, 2_500));
  const seconds = (performance.now() - began) / 1000;
  clearInterval(sampler);
  const times = await probe.stop();
  const count = (status) => answers.filter((answer) => answer.status === status).length;
  const [checked, away, gone] = [count(401), count(503), count(0)];
  report.equal(checked + away + gone, CROWD, "every sign-in is checked, sent away or gone");
  if (stay) {
    report.equal(gone, 0, "nobody is left without an answer");
    report.fact(checked > 0, "some are checked");
    report.none(answers.filter((answer) => answer.status === 503 && answer.retryAfter !== "2"), "who is sent away is told when to come again");
  }
  report.fact(peak <= ceiling, "memory stays within the permits", `${peak.toFixed(0)} MiB above ${ceiling.toFixed(0)}`);
  const at = (share) => times[Math.min(times.length - 1, Math.floor(share * times.length))] ?? Infinity;
  report.fact(times.length >= 50, "/livez is asked often enough to tell", times.length);
  report.fact(at(0.99) < PROBE_MS, `/livez p99 stays below ${PROBE_MS} ms`, `${at(0.99).toFixed(1)} ms`);
  rows.push([stay ? CROWD : `${CROWD} leave`, checked, away, gone, seconds.toFixed(1), (peak - floor).toFixed(0), times.length, at(0.5).toFixed(1), at(0.99).toFixed(1)]);
}

async function signIn(weirgate, client, email, password, signal) {
  const address = `203.${(client >> 16) & 255}.${(client >> 8) & 255}.${client & 255}`;
  try {
    const response = await fetch(`${weirgate.origin}/api/v1/auth/login`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-forwarded-for": address },
      body: JSON.stringify({ email, password }),
      signal,
    });
    await response.arrayBuffer();
    return { status: response.status, retryAfter: response.headers.get("retry-after") };
  } catch (error) {
    if (signal?.aborted) return { status: 0 };
    throw error;
  }
}

/** Resident memory in MiB. */
function memory(pid) {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]) / 1024;
}

/** Asks /livez from a thread of its own, so that the crowd's own work is not in the times. */
async function startProbe(origin) {
  const source = `
    const http = require("node:http");
    const { parentPort, workerData } = require("node:worker_threads");
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const times = [];
    let going = true;
    parentPort.on("message", () => (going = false));
    const ask = () => new Promise((resolve, reject) => {
      const began = performance.now();
      http.get(workerData + "/livez", { agent }, (response) => {
        response.resume();
        response.on("end", () => resolve([response.statusCode, performance.now() - began]));
      }).on("error", reject);
    });
    (async () => {
      await ask();
      parentPort.postMessage("ready");
      while (going) {
        const [status, time] = await ask();
        times.push(status === 200 ? time : Infinity);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      parentPort.postMessage(times.sort((a, b) => a - b));
      parentPort.close();
      agent.destroy();
    })();
  `;
  const worker = new Worker(source, { eval: true, workerData: origin });
  const message = () => new Promise((resolve, reject) => worker.once("message", resolve).once("error", reject));
  await message();
  return {
    stop() {
      const times = message();
      worker.postMessage("stop");
      return times;
    },
  };
}
