// A door in front of a Weirgate that passes everything on and notes what came: which paths a client calls, how often, and what it was told.
import http from "node:http";

import { freePort } from "./process.mjs";

export async function startPassing(origin) {
  const to = new URL(origin);
  const port = await freePort();
  const calls = [];
  const agent = new http.Agent({ keepAlive: true });
  const server = http.createServer((request, response) => {
    const call = { method: request.method, path: new URL(request.url, origin).pathname, status: null, at: performance.now() };
    calls.push(call);
    const headers = { ...request.headers, host: to.host };
    const on = http.request({ host: to.hostname, port: to.port, method: request.method, path: request.url, headers, agent }, (answer) => {
      call.status = answer.statusCode;
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
      answer.on("error", () => response.destroy());
    });
    on.on("error", () => response.destroy());
    response.on("close", () => on.destroy());
    request.pipe(on);
  });
  await new Promise((resolve) => server.listen(port, "127.0.0.1", resolve));
  return {
    origin: `http://127.0.0.1:${port}`,
    /** What came since the last time. */
    take: () => calls.splice(0),
    stop() {
      server.closeAllConnections();
      agent.destroy();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
