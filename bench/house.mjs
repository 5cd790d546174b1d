// Every list that members and administrators see, and the search for people and organizations, with 10,000 people, 1,000 shared organizations and 50,000 keys; on
// SQLite and, where WEIRGATE_BENCH_POSTGRES_URL names a server, on PostgreSQL. The size is `WEIRGATE_BENCH_SIZE` times that (1).
import path from "node:path";
import { fileURLToPath } from "node:url";

import { Account } from "../end2end/lib/api.mjs";
import { postgres } from "../end2end/lib/database.mjs";
import { finish } from "../end2end/lib/process.mjs";
import { table } from "../end2end/lib/report.mjs";
import { startWeirgate } from "../end2end/lib/weirgate.mjs";
import { quiet, family, rss } from "./lib/proc.mjs";
import { quantiles } from "./lib/stage.mjs";

const HERE = path.dirname(fileURLToPath(import.meta.url));
const TIMES = 30;
const LEAST_TIMES = 5;
const WARM_UP = 3;
const MARK = 50;
const scale = Number(process.env.WEIRGATE_BENCH_SIZE ?? 1);
const SIZE = { users: 10_000, organizations: 1000, keys: 50_000, members: 2000, audit_rows: 100_000, requests: 100_000, conversations: 10_000 };
const MODELS = 240;
/** Nobody calls them; they fill the catalogue. */
const PROVIDERS = ["one", "two"].map((id) => ({
  id,
  dialect: "openai",
  base_url: "http://127.0.0.1:9/v1",
  api_key: "none",
  models: Object.fromEntries(Array.from({ length: MODELS / 2 }, (_, n) => [`model-${id}-${n}`, `upstream-${n}`])),
}));

/**
 * What is asked for, as `[path, rows, more]`: the `data-testid` that a row of the list has, or that the page has once. `more.next`: so is the page that its way on leads
 * to. `more.each`: what every row must say. No row at all is an error, and so is a page of somebody who is not signed in.
 */
function pages({ organization, person, team, provider, model }) {
  return {
    overview: ["/", "plan"],
    connect: ["/connect", "recipe"],
    keys: ["/keys", "key-row"],
    models: ["/models", "offered-row", { next: true }],
    conversations: ["/conversations", "conversation-row", { next: true }],
    organizations: ["/organizations", "organization-row"],
    settings: ["/settings", "user-menu"],
    "settings: second factors": ["/settings/factors", "user-menu"],
    "settings: identities": ["/settings/identities", "user-menu"],
    "settings: sign-ins": ["/settings/sessions", "user-menu"],
    "settings: tokens": ["/settings/tokens", "user-menu"],
    "organization: members": ["/organizations/big", "member-row", { next: true }],
    "organization: invitations": ["/organizations/big/invitations", "invitation-row", { next: true }],
    "organization: teams": ["/organizations/big/teams", "team-row"],
    "organization: team": [`/organizations/big/teams/${team}`, "team-member-row"],
    "organization: keys": ["/organizations/big/keys", "key-row", { next: true }],
    "organization: usage": ["/organizations/big/usage", "sums-row"],
    "organization: audit": ["/organizations/big/audit", "audit-row", { next: true }],
    "organization: audit, one person": ["/organizations/big/audit?actor=house", "audit-row"],
    "organization: audit, one kind": ["/organizations/big/audit?action=team.", "audit-row", { each: /team/i }],
    "organization: settings": ["/organizations/big/settings", "user-menu"],
    "administration: users": ["/admin/users", "user-row", { next: true }],
    "administration: users by prefix": ["/admin/users?q=person9", "user-row", { each: /person9/ }],
    "administration: users of one role": ["/admin/users?role=admin", "user-row"],
    "administration: user": [`/admin/users/${person}`, "person"],
    "administration: organizations": ["/admin/organizations", "organization-row", { next: true }],
    "administration: organizations by prefix": ["/admin/organizations?q=house-9", "organization-row", { each: /house-9/i }],
    "administration: organizations, personal too": ["/admin/organizations?personal=yes", "organization-row", { next: true }],
    "administration: organization": [`/admin/organizations/${organization}`, "member-row", { next: true }],
    "administration: providers": ["/admin/providers", "provider-row"],
    "administration: provider": [`/admin/providers/${provider}`, "test-provider"],
    "administration: models": ["/admin/models", "model-row", { next: true }],
    "administration: model": [`/admin/models/${model}`, "price-row"],
    "administration: audit": ["/admin/audit", "audit-row", { next: true }],
    "administration: audit, one person": ["/admin/audit?actor=house", "audit-row"],
    "administration: audit, one kind": ["/admin/audit?action=key.", "audit-row", { each: /key/i }],
    "administration: requests": ["/admin/requests", "request-row", { next: true }],
    "administration: requests, one status": ["/admin/requests?status=4xx", "request-row", { each: /404/ }],
    "administration: requests, one route": ["/admin/requests?route=/api/v1/usage/summary", "request-row", { each: /usage\/summary/ }],
    "administration: limits": ["/admin/limits", "limit-row"],
    "administration: ways to sign in": ["/admin/sign-in", "ways"],
    "administration: system": ["/admin/system", "system"],
  };
}

/** Lists of the API, below `/api/v1/`; `more.each` as above, of an entry's JSON. */
const LISTS = {
  "API: members": ["organizations/big/members?limit=100"],
  "API: an organization's keys": ["organizations/big/keys?limit=100"],
  "API: an organization's audit log": ["organizations/big/audit?limit=100"],
  "API: users by prefix": ["admin/users?q=person9&limit=100", { each: /person9/ }],
  "API: organizations by prefix": ["admin/organizations?q=house-9&limit=100", { each: /house-9/ }],
  "API: audit log, one kind": ["admin/audit?action=key.&limit=100", { each: /"key\./ }],
  "API: request log": ["admin/request-log?status=4xx&limit=100", { each: /404/ }],
};

export async function house(marks, { seconds }) {
  await measured(marks, seconds, "SQLite", null);
  const url = process.env.WEIRGATE_BENCH_POSTGRES_URL;
  if (!url) return console.log("\nPostgreSQL: not measured, WEIRGATE_BENCH_POSTGRES_URL names no server");
  const database = await postgres(url);
  try {
    await measured(marks, seconds, "PostgreSQL", database.variables.DATABASE_URL);
  } finally {
    await database.drop();
  }
}

async function measured(marks, seconds, kind, url) {
  const env = url ? { DATABASE_URL: url } : {};
  const name = `weirgate-house-${kind.toLowerCase()}`;
  const options = { name, binary: process.env.WEIRGATE_RELEASE_BIN || undefined, quiet: true, env, providers: PROVIDERS };
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
  const seeding = performance.now();
  const seeded = JSON.parse(await finish("seed", process.env.WEIRGATE_PYTHON ?? "python3", [path.join(HERE, "lib", "seed_house.py")], { stdin }));
  const before = performance.now();
  const weirgate = await startWeirgate({ ...options, folder: empty.folder, port: empty.port });
  const startFull = performance.now() - before;
  const pids = family(weirgate.child.pid);
  const memoryFull = rss(pids);
  // It puts the new rows of the audit log under seals first.
  await quiet(pids);
  const cookie = await account.signInByForm();
  console.log(
    `\n${kind}: ${seeded.users} people, ${seeded.organizations} shared organizations beside the personal ones, ${seeded.keys} keys, ${seeded.audit_rows} rows in the audit log, ` +
      `${seeded.requests} in the request log; one organization with ${seeded.members} members; seeded in ${((before - seeding) / 1000).toFixed(0)} s`,
  );
  table(
    ["", "start to ready, ms", "RSS MiB"],
    [
      ["empty", startEmpty.toFixed(0), memoryEmpty.toFixed(1)],
      ["full", startFull.toFixed(0), memoryFull.toFixed(1)],
    ],
  );
  const [provider, model] = await Promise.all(["providers", "models"].map(async (kind) => (await account.call(`admin/${kind}`, 200)).data[0].id));
  const rows = [];
  const note = async (name, where, look) => {
    try {
      const { times, count, next } = await asking(weirgate.origin + where, { ...look, seconds });
      const at = quantiles(times);
      rows.push([name, shortened(where), count, ...[0, 0.5, 0.95].map((share) => at(share).toFixed(1))]);
      marks.atMost(`${kind}, ${name}, p50`, at(0.5), MARK, "ms");
      return next;
    } catch (error) {
      rows.push([name, shortened(where), "", "", "", ""]);
      marks.failed(`${kind}, ${name}`, error);
      return undefined;
    }
  };
  for (const [name, [where, testId, more = {}]] of Object.entries(pages({ ...seeded.ids, provider, model }))) {
    const look = { headers: { cookie }, read: (text) => page(text, testId, more) };
    const next = await note(name, where, look);
    if (!more.next) continue;
    if (next) await note(`${name}, next page`, next, look);
    else if (scale >= 1) marks.failed(`${kind}, ${name}, next page`, new Error("there is no way on"));
  }
  for (const [name, [where, more = {}]] of Object.entries(LISTS)) {
    await note(name, `/api/v1/${where}`, { headers: { authorization: `Bearer ${account.token}` }, read: (text) => list(text, more) });
  }
  console.log(`\nFrom request to last byte, up to ${TIMES} times each, one after the other`);
  table(["page", "path", "rows", "quickest ms", "p50 ms", "p95 ms"], rows);
  await weirgate.stop();
}

/** Asks again and again; every answer must be what was asked for. */
async function asking(url, { headers, read, seconds }) {
  const times = [];
  const ends = performance.now() + seconds * 1000;
  let seen;
  for (let n = 0; n < WARM_UP + LEAST_TIMES || (n < WARM_UP + TIMES && performance.now() < ends); n += 1) {
    const began = performance.now();
    const response = await fetch(url, { headers, redirect: "manual" });
    const text = await response.text();
    times.push(performance.now() - began);
    if (response.status !== 200) throw new Error(`answers ${response.status} ${response.headers.get("location") ?? ""}`);
    seen = read(text);
  }
  return { times: times.slice(WARM_UP), ...seen };
}

function page(text, testId, { each }) {
  if (!text.includes('data-testid="user-menu"')) throw new Error("a page of somebody who is not signed in");
  const rows = text.split(`data-testid="${testId}"`).slice(1);
  if (rows.length === 0) throw new Error(`no ${testId} on the page`);
  const odd = each && rows.find((row) => !each.test(row.split("</tr>", 1)[0]));
  if (odd) throw new Error(`a row that was not asked for: ${odd.replace(/<[^>]*>/g, " ").slice(0, 200)}`);
  const ways = [...text.matchAll(/<a [^>]*href="([^"]*[?;&]after=[^"]*)"/g)];
  return { count: rows.length, next: ways.at(-1)?.[1].replaceAll("&amp;", "&") };
}

function list(text, { each }) {
  const { data } = JSON.parse(text);
  if (data.length === 0) throw new Error("an empty list");
  const odd = each && data.find((entry) => !each.test(JSON.stringify(entry)));
  if (odd) throw new Error(`an entry that was not asked for: ${JSON.stringify(odd).slice(0, 200)}`);
  return { count: data.length };
}

/** Ids are as good as each other. */
function shortened(where) {
  return where.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "…").replace(/after=[^&]*/, "after=…");
}
