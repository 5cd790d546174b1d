// SIGKILL at a random moment under load, again and again: after each restart nothing is left open, nothing that was served is missing,
// nothing stands twice, and the rollups are the sums of the rows.
//
// WEIRGATE_KILLS: how often (default 20). WEIRGATE_KILL_SEED: repeats a run's moments. WEIRGATE_TEST_POSTGRES_URL: the same again there.
import { Account, request } from "../lib/api.mjs";
import { postgres, sqlite } from "../lib/database.mjs";
import { startFake } from "../lib/fake.mjs";
import { startLoad } from "../lib/load.mjs";
import { freePort, start, stop, temporaryFolder, until } from "../lib/process.mjs";
import { seeded } from "../lib/random.mjs";
import { Report, table } from "../lib/report.mjs";
import { fakeProviders, startWeirgate } from "../lib/weirgate.mjs";

const WORKERS = 32;
/** Short calls for many commits, slow streams so that some are always in the middle. */
const MIX = [
  ["claude-brief", "anthropic", false],
  ["claude-brief", "anthropic", true],
  ["claude-slow", "anthropic", true],
  ["gpt-brief", "openai", false],
  ["gpt-brief", "openai", true],
  ["gpt-slow", "openai", true],
];
/** Longest time under load before a kill, once calls are flowing. */
const LONGEST_MS = 900;

export async function run() {
  const report = new Report();
  const kills = Number(process.env.WEIRGATE_KILLS ?? 20);
  const seed = Number(process.env.WEIRGATE_KILL_SEED ?? Math.floor(Math.random() * 2 ** 32));
  console.log(`${kills} kills, seed ${seed} (WEIRGATE_KILL_SEED=${seed} repeats it)`);
  const rows = [];
  await report.step("SQLite", () => series(report, rows, kills, seed, (folder) => sqlite(`${folder}/data/weirgate.db`)));
  const url = process.env.WEIRGATE_TEST_POSTGRES_URL;
  if (url) await report.step("PostgreSQL", () => series(report, rows, kills, seed, () => postgres(url)));
  else console.log("– PostgreSQL left out: WEIRGATE_TEST_POSTGRES_URL is not set");
  console.log();
  table(["database", "kill", "after ms", "calls", "served", "cut off", "lost rows", "rows in all", ""], rows);
  return report.end("kill");
}

async function series(report, rows, kills, seed, open) {
  // Moments of their own: how many calls the load draws before a kill depends on the machine.
  const moments = seeded(seed);
  const folder = temporaryFolder("kill");
  const database = await open(folder);
  const name = `weirgate-kill-${database.kind.toLowerCase()}`;
  const port = await freePort();
  const fake = await startFake({ name: `fake-${name}` });
  const boot = () =>
    startWeirgate({ name, folder, port, providers: fakeProviders(fake), binary: process.env.WEIRGATE_RELEASE_BIN || undefined, env: database.variables });
  let weirgate = await boot();
  let account = await Account.register(weirgate.origin, "killer");
  let signedIn = Date.now();
  const { key } = await account.createKey();
  const issued = new Map();
  try {
    for (let kill = 1; kill <= kills; kill += 1) {
      const before = report.failures.length;
      const load = startLoad({ origin: weirgate.origin, key, workers: WORKERS, random: seeded(seed + kill), models: MIX, label: `kill-${kill}` });
      await until("calls to flow", () => load.served() >= WORKERS, { child: weirgate.child, every: 5 });
      const wait = Math.round(moments() * LONGEST_MS);
      await new Promise((resolve) => setTimeout(resolve, wait));
      await stop(weirgate.child, { signal: "SIGKILL" });
      await load.stop();
      for (const call of load.calls) issued.set(call.request_id, call);
      if (moments() < 0.25) await killWhileStarting(weirgate, moments);
      const restarted = Date.now();
      weirgate = await boot();
      if (Date.now() - signedIn > 600_000) {
        const body = { email: account.email, password: account.password };
        account.token = (await request(`${weirgate.origin}/api/v1/auth/login`, 200, { method: "POST", body })).access_token;
        signedIn = Date.now();
      }
      const { lost, total } = await check(report, kill, { database, issued, restarted, account });
      const served = load.served();
      const torn = load.calls.filter((call) => call.served && !call.complete).length;
      rows.push([database.kind, kill, wait, load.calls.length, served, torn, lost, total, report.failures.length === before ? "ok" : "WRONG"]);
    }
    report.equal((await weirgate.stop()).code, 0, `${database.kind}: SIGTERM at the end ends it properly`);
    if (database.integrity) report.equal(await database.integrity(), "ok", `${database.kind}: integrity after all of it`);
  } finally {
    await stop(weirgate.child, { signal: "SIGKILL" });
    await stop(fake.child);
    await database.drop();
  }
}

/** Starting is also a moment: migrations, sweeping and seeding must bear being cut off. */
async function killWhileStarting(weirgate, moments) {
  const child = start(`${weirgate.child.name}-early`, weirgate.child.spawnfile, weirgate.child.spawnargs.slice(1), {
    env: weirgate.variables,
    cwd: weirgate.folder,
  });
  await new Promise((resolve) => setTimeout(resolve, Math.round(moments() * 400)));
  await stop(child, { signal: "SIGKILL" });
}

async function check(report, kill, { database, issued, restarted, account }) {
  const when = `${database.kind}, kill ${kill}`;
  const left = `SELECT count(*) AS n FROM calls_open WHERE opened_at < ${restarted}`;
  // PostgreSQL may need a moment to see that the old process's connection is gone; the file's lock went with the process.
  const limit = database.kind === "SQLite" ? 0 : 20_000;
  let open = (await database.query(left))[0][0].n;
  if (open > 0 && limit > 0) {
    await until("open records to be swept", async () => (open = (await database.query(left))[0][0].n) === 0, { limit, every: 200 }).catch(() => {});
  }
  report.equal(open, 0, `${when}: open records older than the restart`);
  const totals = (table, where = "") =>
    `SELECT ${["input_tokens", "cache_read_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens", "output_tokens", "cost_nanos"]
      .map((column) => `CAST(coalesce(sum(${column}), 0) AS BIGINT) AS ${column}`)
      .join(", ")} FROM ${table} ${where}`;
  const [rows, [fromRows], [fromQuarters], [fromDays], [quarters], [days]] = await database.query(
    "SELECT request_id, status, created_at FROM usage_logs WHERE status <> 'refused'",
    totals("usage_logs"),
    totals("usage_quarters"),
    totals("usage_days"),
    "SELECT CAST(coalesce(sum(requests), 0) AS BIGINT) AS n FROM usage_quarters",
    "SELECT CAST(coalesce(sum(requests), 0) AS BIGINT) AS n FROM usage_days",
  );
  const counts = new Map();
  for (const row of rows) counts.set(row.request_id, (counts.get(row.request_id) ?? 0) + 1);
  const missing = [...issued.values()].filter((call) => call.served && !counts.has(call.request_id));
  report.fact(missing.length === 0, `${when}: every served call has a row`, missing.slice(0, 5));
  const twice = [...counts].filter(([, count]) => count > 1);
  report.fact(twice.length === 0, `${when}: no call stands twice`, twice.slice(0, 5));
  const unknown = [...counts.keys()].filter((id) => !issued.has(id));
  report.fact(unknown.length === 0, `${when}: no row without a call`, unknown.slice(0, 5));
  const foreign = [...issued.values()].filter((call) => call.echoed !== undefined && call.echoed !== call.request_id);
  report.fact(foreign.length === 0, `${when}: the client's request id is kept`, foreign.slice(0, 5));
  report.equal(fromQuarters, fromRows, `${when}: quarter-hour rollups against rows`);
  report.equal(fromDays, fromRows, `${when}: day rollups against rows`);
  report.equal([quarters.n, days.n], [rows.length, rows.length], `${when}: requests in the rollups`);
  if (database.integrity) report.equal(await database.integrity(), "ok", `${when}: integrity`);
  const summary = await account.summary();
  report.equal(summary.requests, rows.length, `${when}: requests in this month's summary`);
  const stillOpen = (await account.recent()).filter((row) => row.status === "open" && Date.parse(row.created_at) < restarted);
  report.equal(stillOpen.length, 0, `${when}: open calls in usage/recent`);
  const lost = rows.filter((row) => row.status === "lost" && row.request_id.startsWith(`kill-${kill}-`)).length;
  return { lost, total: rows.length };
}
