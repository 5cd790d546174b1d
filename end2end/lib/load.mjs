// Load of model calls, and for each of them what its client saw. A call counts as served from the first byte of its answer on.
import http from "node:http";

/** Starts `workers` clients that call one after another until `stop()`, which waits for the last ones. */
export function startLoad({ origin, key, workers, random, models, label }) {
  const calls = [];
  const agent = new http.Agent({ keepAlive: true, maxSockets: workers });
  let running = true;
  let number = 0;
  const one = async () => {
    const [model, dialect, stream] = models[Math.floor(random() * models.length)];
    const call = { request_id: `${label}-${(number += 1)}`, model, stream, served: false, complete: false, status: null };
    calls.push(call);
    await new Promise((resolve) => {
      const body = JSON.stringify({ model, max_tokens: 200, stream, messages: [{ role: "user", content: "How high does the water stand?" }] });
      const request = http.request(
        `${origin}${dialect === "anthropic" ? "/v1/messages" : "/v1/chat/completions"}`,
        {
          method: "POST",
          agent,
          headers: {
            authorization: `Bearer ${key}`,
            "content-type": "application/json",
            "content-length": Buffer.byteLength(body),
            "x-request-id": call.request_id,
          },
        },
        (response) => {
          call.status = response.statusCode;
          call.served = response.statusCode === 200;
          call.echoed = response.headers["x-request-id"];
          response.on("data", () => {});
          response.on("end", () => {
            call.complete = response.complete;
            resolve();
          });
          response.on("error", resolve);
          response.on("close", resolve);
        },
      );
      request.on("error", resolve);
      request.end(body);
    });
    // A server that is gone refuses at once; there is no point in asking it a thousand times a second.
    if (!call.served) await new Promise((resolve) => setTimeout(resolve, 20));
  };
  const done = Promise.all(
    Array.from({ length: workers }, async () => {
      while (running) await one();
    }),
  );
  return {
    calls,
    served: () => calls.filter((call) => call.served).length,
    async stop() {
      running = false;
      await done;
      agent.destroy();
    },
  };
}
