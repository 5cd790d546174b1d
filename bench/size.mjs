// What a browser downloads to hydrate the dashboard, as it is served.
import http from "node:http";
import zlib from "node:zlib";

import { startWeirgate } from "../end2end/lib/weirgate.mjs";

const BROTLI_KB = 300;

export async function size(marks) {
  const weirgate = await startWeirgate({ name: "weirgate-size", binary: process.env.WEIRGATE_RELEASE_BIN || undefined, quiet: true });
  const login = await (await fetch(`${weirgate.origin}/login`)).text();
  const file = /["'](\/[^"'\s]+\.wasm)/.exec(login)?.[1] ?? "/pkg/weirgate.wasm";
  const served = await fetchRaw(new URL(file, weirgate.origin));
  if (served.status !== 200) throw new Error(`${file} answered ${served.status}`);
  const compressed = served.encoding === "br" ? served.bytes : zlib.brotliCompressSync(served.bytes);
  console.log(`\n${file}: ${(compressed.length / 1000).toFixed(0)} kB brotli${served.encoding === "br" ? ", as served" : " if it were served so"}`);
  marks.atMost("WASM, brotli", compressed.length / 1000, BROTLI_KB, "kB");
  if (served.encoding !== "br") marks.failed("WASM is served as brotli", new Error(`content-encoding: ${served.encoding ?? "none"}`));
  await weirgate.stop();
}

/** fetch() would decompress it. */
function fetchRaw(url) {
  return new Promise((resolve, reject) => {
    http
      .get(url, { headers: { "accept-encoding": "br, gzip" } }, (response) => {
        const chunks = [];
        response.on("data", (chunk) => chunks.push(chunk));
        response.on("end", () => resolve({ status: response.statusCode, encoding: response.headers["content-encoding"], bytes: Buffer.concat(chunks) }));
        response.on("error", reject);
      })
      .on("error", reject);
  });
}
