// Model calls through Weirgate, through nginx and through LiteLLM: requests a second, times, CPU a request, memory.
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import path from "node:path";

import { CREDENTIAL, startFake } from "../end2end/lib/fake.mjs";
import { temporaryFolder } from "../end2end/lib/process.mjs";
import { table } from "../end2end/lib/report.mjs";
import { besideLitellm } from "./lib/litellm.mjs";
import { round } from "./lib/marks.mjs";
import { startNginx } from "./lib/nginx.mjs";
import { rss } from "./lib/proc.mjs";
import { callBody, startMeasured } from "./lib/stage.mjs";
import { steady } from "./lib/steady.mjs";
import { measured } from "./lib/wrk.mjs";

const KINDS = [
  { name: "small JSON", stream: false, size: 0, mark: 8, per: "small call" },
  { name: "20-event stream", stream: true, size: 0, mark: 4, per: "stream" },
  { name: "256 KiB body", stream: false, size: 256 << 10, mark: 3, per: "256 KiB call" },
];
const CONNECTIONS = [1, 32];
/** A stream leaves the upstream in four writes of five events: one write would measure no stream, twenty would measure the upstream. */
const DELAYS = [
  { name: "first byte at once", path: "0ms", bare: "/bare/4w", model: "bare", marked: true },
  { name: "first byte after 5 ms", path: "5ms", bare: "/bare/4w/5ms", model: "bare-5ms", marked: false },
];
const IDLE_RSS_MIB = 60;

export async function proxies(marks, { seconds }) {
  const fake = await startFake({ name: "bare-upstream" });
  const nginx = await startNginx(fake.url, DELAYS);
  const { weirgate, key, pids: own } = await startMeasured({
    name: "weirgate-bench",
    providers: DELAYS.map(({ model, bare }) => ({
      id: model,
      dialect: "anthropic",
      base_url: fake.url + bare,
      api_key: CREDENTIAL,
      models: { [model]: "bare" },
    })),
  });
  const idle = rss(own);
  // At its pace a cell of a few seconds is a few hundred calls.
  const litellm = await besideLitellm(marks, fake, [DELAYS[0]]);
  const folder = temporaryFolder("bodies");
  console.log(`${cpus().length} cores, ${seconds} s a cell; one wrk thread and the upstream (one thread) share the cores with the proxy.`);

  for (const delay of DELAYS) {
    const rows = [];
    const ratios = [];
    for (const kind of KINDS) {
      for (const connections of CONNECTIONS) {
        const text = callBody(delay.model, kind);
        const body = path.join(folder, `${delay.model}-${kind.size}-${kind.stream}.json`);
        writeFileSync(body, text);
        const common = { script: "call.lua", body, token: key, connections, seconds };
        const through = {
          "no proxy": { url: `${fake.url}${delay.bare}/v1/messages`, pids: [fake.child.pid] },
          nginx: { url: `${nginx.origin}/${delay.path}/${kind.stream ? "stream" : "whole"}/v1/messages`, pids: nginx.pids },
          Weirgate: { url: `${weirgate.origin}/v1/messages`, pids: own },
          ...(litellm && delay.marked ? { LiteLLM: litellm } : {}),
        };
        const seen = {};
        for (const [name, server] of Object.entries(through)) {
          seen[name] = server === litellm ? await steady({ ...litellm, body: text, connections, seconds }) : await measured({ ...common, ...server });
          const { rate, p50, p99, cpu } = seen[name];
          rows.push([kind.name, connections, name, Math.round(rate), p50.toFixed(2), p99.toFixed(2), round(cpu), rss(server.pids).toFixed(1)]);
        }
        const ratio = seen.Weirgate.cpu / seen.nginx.cpu;
        ratios.push([kind.name, connections, ratio.toFixed(2), seen.LiteLLM ? round(seen.LiteLLM.cpu / seen.Weirgate.cpu) : "–"]);
        if (delay.marked && connections === 32) marks.atMost(`CPU per ${kind.per} at 32 connections, against nginx's`, ratio, kind.mark, "×");
      }
    }
    console.log(`\n${delay.name}`);
    table(["call", "connections", "server", "requests/s", "p50 ms", "p99 ms", "CPU µs/request", "RSS MiB"], rows);
    console.log(`\nWeirgate's CPU in nginx's and LiteLLM's in Weirgate's, ${delay.name}`);
    table(["call", "connections", "Weirgate / nginx", "LiteLLM / Weirgate"], ratios);
  }
  marks.atMost("RSS idle", idle, IDLE_RSS_MIB, "MiB");
  console.log(`\nWeirgate's RSS: ${idle.toFixed(1)} MiB idle, ${rss(own).toFixed(1)} MiB after all of it`);
  await weirgate.stop();
}
