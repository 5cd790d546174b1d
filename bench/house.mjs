// Pages of organizations and of the administration, the search for people, and the directory, with 10,000 people, 1,000 organizations and 50,000 keys; on SQLite and,
// where WEIRGATE_BENCH_POSTGRES_URL names a server, on PostgreSQL. The size is `WEIRGATE_BENCH_SIZE` times that (1).
import path from "node:path";
import { fileURLToPath } from "node:url";

import { Account } from "../end2end/lib/api.mjs";
import { postgres } from "../end2end/lib/database.mjs";
import { finish } from "../end2end/lib/process.mjs";
import { table } from "../end2end/lib/report.mjs";
import { startWeirgate } from "../end2end/lib/weirgate.mjs";
import { family, rss } from "./lib/proc.mjs";

const HERE = path.dirname(fileURLToPath(import.meta.url));
const TIMES = 40;
const MARK = 50;
const scale = Number(process.env.WEIRGATE_BENCH_SIZE ?? 1);
const SIZE = { users: 10_000, organizations: 1000, keys: 50_000, members: 2000, audit_rows: 100_000 };

/** What is asked for, by what it is called. Those that do not exist here are left out and said so. */
const PAGES = {
  "organization: members": "/organizations/big",
  "organization: invitations": "/organizations/big/invitations",
  "organization: teams": "/organizations/big/teams",
  "organization: keys": "/organizations/big/keys",
  "organization: usage": "/organizations/big/usage",
  "organization: audit": "/organizations/big/audit",
  "organization: audit, one person": "/organizations/big/audit?actor=house",
  "organization: audit, one kind": "/organizations/big/audit?action=team.",
  organizations: "/organizations",
  keys: "/keys",
  "administration: users": "/admin/users",
  "administration: users by prefix": "/admin/users?q=person99",
  "administration: organizations": "/admin/organizations",
  "administration: organizations by prefix": "/admin/organizations?q=house-9",
  "administration: audit": "/admin/audit",
  "administration: requests": "/admin/requests",
};

export async function house(marks) {
  await measured(marks, "SQLite", null);
  const url = process.env.WEIRGATE_BENCH_POSTGRES_URL;
  if (!url) return console.log("\nPostgreSQL: not measured, WEIRGATE_BENCH_POSTGRES_URL names no server");
  const database = await postgres(url);
  try {
    await measured(marks, "PostgreSQL", database.variables.DATABASE_URL);
  } finally {
    await database.drop();
  }
}

async function measured(marks, kind, url) {
  const env = url ? { DATABASE_URL: url } : {};
  const options = { name: `weirgate-house-${kind.toLowerCase()}`, binary: process.env.WEIRGATE_RELEASE_BIN || undefined, quiet: true, env };
  const began = performance.now();
  const empty = await startWeirgate(options);
  await empty.stop();
  const again = performance.now();
  const small = await startWeirgate({ ...options, folder: empty.folder, port: empty.port });
  const startEmpty = performance.now() - again;
  const account = await Account.register(small.origin, "house");
  const memoryEmpty = rss(family(small.child.pid));
  await small.stop();
  const asked = Object.fromEntries(Object.entries(SIZE).map(([name, count]) => [name, Math.ceil(count * scale)]));
  const stdin = JSON.stringify({ ...asked, seed: 1, ...(url ? { url } : { file: empty.database }) });
  const seeded = JSON.parse(await finish("seed", process.env.WEIRGATE_PYTHON ?? "python3", [path.join(HERE, "lib", "seed_house.py")], { stdin }));
  const before = performance.now();
  const weirgate = await startWeirgate({ ...options, folder: empty.folder, port: empty.port });
  const startFull = performance.now() - before;
  const memoryFull = rss(family(weirgate.child.pid));
  const cookie = await account.signInByForm();
  console.log(
    `\n${kind}: ${seeded.users} people, ${seeded.organizations} shared organizations beside the personal ones, ${seeded.keys} keys; one organization with ${seeded.members} members; ` +
      `seeded ${((before - began) / 1000).toFixed(0)} s after the first start`,
  );
  table(
    ["", "start to ready, ms", "RSS MiB"],
    [
      ["empty", startEmpty.toFixed(0), memoryEmpty.toFixed(1)],
      ["full", startFull.toFixed(0), memoryFull.toFixed(1)],
    ],
  );
  const rows = [];
  for (const [name, where] of Object.entries(PAGES)) {
    const times = [];
    let status;
    for (let n = 0; n < TIMES + 5 && (n === 0 || status === 200); n += 1) {
      const asked = performance.now();
      const response = await fetch(weirgate.origin + where, { headers: { cookie }, redirect: "manual" });
      await response.arrayBuffer();
      times.push(performance.now() - asked);
      status = response.status;
    }
    if (status !== 200) {
      rows.push([name, where, `answers ${status}`, "", ""]);
      continue;
    }
    const at = quantiles(times.slice(5));
    rows.push([name, where, at(0.5).toFixed(1), at(0.95).toFixed(1), at(1).toFixed(1)]);
    marks.atMost(`${kind}, ${name}, p95`, at(0.95), MARK, "ms");
  }
  console.log(`\nFrom request to last byte, ${TIMES} times each, one after the other`);
  table(["page", "path", "p50 ms", "p95 ms", "most ms"], rows);
  await weirgate.stop();
}

function quantiles(times) {
  times.sort((a, b) => a - b);
  return (share) => times[Math.floor(share * (times.length - 1))];
}
