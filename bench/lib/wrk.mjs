// wrk, and what one run of it says.
import path from "node:path";
import { fileURLToPath } from "node:url";

import { finish } from "../../end2end/lib/process.mjs";
import { cpuMicros } from "./proc.mjs";

const HERE = path.dirname(fileURLToPath(import.meta.url));

/** @returns `{requests, seconds, rate, p50, p95, p99}`, times in milliseconds; anything but 2xx on every request is an error. */
export async function wrk({ url, script, connections, seconds, threads = 1, token = "", body = "/dev/null", timeout = 10 }) {
  const output = await finish(
    "wrk",
    "wrk",
    ["-t", String(threads), "-c", String(connections), "-d", `${seconds}s`, "--timeout", `${timeout}s`, "--latency", "-s", path.join(HERE, script), url],
    { env: { BENCH_TOKEN: token, BENCH_BODY: body } },
  );
  const line = output.split("\n").find((line) => line.startsWith("RESULT "));
  if (!line) throw new Error(`wrk said nothing of use:\n${output}`);
  const result = JSON.parse(line.slice("RESULT ".length));
  if (result.failed > 0 || result.refused > 0 || result.requests === 0) {
    throw new Error(`${url}: ${result.requests} answers, ${result.failed} broken, ${result.refused} refused\n${output}`);
  }
  return { ...result, rate: result.requests / result.seconds };
}

/** A measured run after a short warm-up; `cpu` is in microseconds a request, of all processes that `pids` names. */
export async function measured({ pids, seconds, ...options }) {
  await wrk({ ...options, seconds: 1 });
  const before = cpuMicros(pids);
  const result = await wrk({ ...options, seconds });
  // What a server still has to write down for these requests is part of their price.
  await new Promise((resolve) => setTimeout(resolve, 100));
  return { ...result, cpu: (cpuMicros(pids) - before) / result.requests };
}
