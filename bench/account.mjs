// The overview page and the account API over a ledger of 100,000 calls.
import { createReadStream } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { Account } from "../end2end/lib/api.mjs";
import { artefact, finish } from "../end2end/lib/process.mjs";
import { table } from "../end2end/lib/report.mjs";
import { startWeirgate } from "../end2end/lib/weirgate.mjs";
import { round } from "./lib/marks.mjs";
import { family, rss } from "./lib/proc.mjs";
import { wrk } from "./lib/wrk.mjs";

const HERE = path.dirname(fileURLToPath(import.meta.url));
const ROWS = 100_000;
const PAGES = 200;
const CONNECTIONS = 1000;

export async function accountApi(marks, { seconds }) {
  const options = { name: "weirgate-full", binary: process.env.WEIRGATE_RELEASE_BIN || undefined, quiet: true };
  const empty = await startWeirgate(options);
  const account = await Account.register(empty.origin, "full");
  for (const name of ["laptop", "ci", "phone"]) await account.createKey(name);
  await empty.stop();
  const stdin = JSON.stringify({ file: empty.database, rows: ROWS, seed: 1 });
  const seeded = JSON.parse(await finish("seed", process.env.WEIRGATE_PYTHON ?? "python3", [path.join(HERE, "lib", "seed.py")], { stdin }));
  const weirgate = await startWeirgate({ ...options, folder: empty.folder, port: empty.port });
  const pids = family(weirgate.child.pid);
  const cookie = await account.signInByForm();

  const times = [];
  for (let page = 0; page < PAGES + 10; page += 1) {
    const began = performance.now();
    const response = await fetch(`${weirgate.origin}/`, { headers: { cookie }, redirect: "manual" });
    const text = await response.text();
    times.push(performance.now() - began);
    if (response.status !== 200 || !text.includes("call-row")) throw new Error(`/ answered ${response.status}, with${text.includes("call-row") ? "" : "out"} calls`);
  }
  times.splice(0, 10);
  times.sort((a, b) => a - b);
  const at = (share) => times[Math.floor(share * (times.length - 1))];
  console.log(`\nThe signed-in overview with ${seeded.rows} calls on the books (${seeded.quarters} quarter-hour and ${seeded.days} day sums), ${PAGES} times, from request to last byte`);
  table(["p50 ms", "p95 ms", "p99 ms"], [[at(0.5), at(0.95), at(0.99)].map((time) => time.toFixed(1))]);
  marks.atMost("signed-in overview page with 100,000 calls, p50", at(0.5), 20, "ms");

  const result = await wrk({ url: weirgate.origin, script: "account.lua", connections: CONNECTIONS, seconds: Math.max(seconds, 5), token: account.token });
  const memory = rss(pids);
  console.log(`\nAccount API, ${CONNECTIONS} connections that ask without a pause (me, keys, summary, recent, daily)`);
  table(["requests/s", "p50 ms", "p95 ms", "p99 ms", "RSS MiB"], [[round(result.rate), round(result.p50), round(result.p95), round(result.p99), memory.toFixed(1)]]);
  marks.atMost(`account API at ${CONNECTIONS} open connections, p95`, result.p95, 200, "ms");
  marks.atMost(`account API at ${CONNECTIONS} open connections, RSS`, memory, 512, "MiB");
  await weirgate.stop();
  await databaseTime(marks, { options: { ...options, folder: empty.folder, port: empty.port }, token: account.token, seconds });
}

/** The same load with every statement's time in the log, which costs time itself: a run of its own. */
async function databaseTime(marks, { options, token, seconds }) {
  const name = "weirgate-statements";
  const weirgate = await startWeirgate({ ...options, name, env: { RUST_LOG: "warn,server::db=trace", WEIRGATE_LOG__FORMAT: "json" } });
  await wrk({ url: weirgate.origin, script: "account.lua", connections: CONNECTIONS, seconds: Math.max(seconds, 5), token });
  await weirgate.stop();
  const times = [];
  for await (const line of createInterface({ input: createReadStream(artefact(`${name}.log`)) })) {
    const found = line.match(/"elapsed_us":(\d+)/);
    if (found) times.push(Number(found[1]) / 1000);
  }
  times.sort((a, b) => a - b);
  const at = (share) => times[Math.floor(share * (times.length - 1))];
  console.log(`\nStatements under that load, ${times.length} of them, each from its start to its last row`);
  table(["p50 ms", "p95 ms", "p99 ms"], [[at(0.5), at(0.95), at(0.99)].map((time) => time.toFixed(2))]);
  marks.atMost(`database time of a statement at ${CONNECTIONS} open connections, p95`, at(0.95), 50, "ms");
}
