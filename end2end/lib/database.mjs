// A look into the books past the server: SQLite through Python's own module, PostgreSQL through psql. Read only.
import { randomBytes } from "node:crypto";

import { finish } from "./process.mjs";

const SQLITE = `
import json, sqlite3, sys
asked = json.load(sys.stdin)
connection = sqlite3.connect(f"file:{asked['file']}?mode=ro", uri=True, timeout=30)
connection.row_factory = sqlite3.Row
print(json.dumps([[dict(row) for row in connection.execute(sql)] for sql in asked["queries"]]))
`;

export function sqlite(file) {
  const query = async (...queries) =>
    JSON.parse(await finish("sqlite", process.env.WEIRGATE_PYTHON ?? "python3", ["-c", SQLITE], { stdin: JSON.stringify({ file, queries }) }));
  return {
    kind: "SQLite",
    query,
    integrity: async () => Object.values((await query("PRAGMA integrity_check"))[0][0])[0],
    variables: {},
    drop: async () => {},
  };
}

/** A new database on the server that `adminUrl` leads to. */
export async function postgres(adminUrl) {
  const name = `weirgate_${randomBytes(6).toString("hex")}`;
  const psql = (url, sql) => finish("psql", "psql", [url, "-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql]);
  await psql(adminUrl, `CREATE DATABASE ${name}`);
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  const query = (...queries) =>
    Promise.all(queries.map(async (sql) => JSON.parse(await psql(url.href, `SELECT coalesce(json_agg(q), '[]') FROM (${sql}) q`))));
  return {
    kind: "PostgreSQL",
    query,
    variables: { DATABASE_URL: url.href },
    drop: () => psql(adminUrl, `DROP DATABASE ${name} WITH (FORCE)`),
  };
}
