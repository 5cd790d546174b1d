// nginx as a plain proxy: the yardstick. It holds bodies in memory, requests' and answers', and never writes one to disk (at the default buffers a request of
// 256 KiB would go through a file); it keeps connections to the upstream open, and hands streams on unbuffered.
// `delays`: `[{path, bare}]`, the prefixes here and at the upstream.
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import path from "node:path";

import { freePort, start, temporaryFolder, until } from "../../end2end/lib/process.mjs";
import { family } from "./proc.mjs";

export async function startNginx(upstream, delays) {
  const folder = temporaryFolder("nginx");
  const port = await freePort();
  const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => {
    mkdirSync(path.join(folder, name), { recursive: true });
    return `${name}_temp_path ${path.join(folder, name)};`;
  });
  const locations = [];
  for (const { path: delay, bare } of delays) {
    locations.push(
      `location /${delay}/whole/ { proxy_pass http://bare${bare}/; }`,
      `location /${delay}/stream/ { proxy_pass http://bare${bare}/; proxy_buffering off; }`,
    );
  }
  writeFileSync(
    path.join(folder, "nginx.conf"),
    `${process.getuid() === 0 ? "user root;" : ""}
worker_processes ${cpus().length};
daemon off;
pid ${path.join(folder, "pid")};
error_log stderr crit;
events { worker_connections 4096; }
http {
  access_log off;
  ${paths.join("\n  ")}
  client_body_buffer_size 512k;
  client_body_in_file_only off;
  proxy_buffer_size 16k;
  proxy_buffers 32 16k;
  proxy_busy_buffers_size 64k;
  proxy_max_temp_file_size 0;
  client_max_body_size 64m;
  keepalive_requests 100000000;
  tcp_nodelay on;
  upstream bare { server ${new URL(upstream).host}; keepalive 128; keepalive_requests 100000000; }
  server {
    listen 127.0.0.1:${port};
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    ${locations.join("\n    ")}
  }
}
`,
  );
  const child = start("nginx", "nginx", ["-p", folder, "-c", path.join(folder, "nginx.conf")], { cwd: folder });
  const origin = `http://127.0.0.1:${port}`;
  await until("nginx", async () => (await fetch(origin)).status > 0, { child });
  return { origin, child, pids: family(child.pid) };
}
