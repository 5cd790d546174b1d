// One file to deploy: the release binary, copied alone into an empty folder, serves everything its pages need.
import { chmodSync, copyFileSync, mkdirSync, readdirSync } from "node:fs";
import path from "node:path";

import { openBrowser, shoot } from "../../lib/browser.mjs";
import { freePort, required, start, stop, temporaryFolder, until } from "../../lib/process.mjs";
import { open } from "./steps.mjs";

const TYPES = { css: /^text\/css/, js: /^(text|application)\/javascript/, wasm: /^application\/wasm$/, woff2: /^font\/woff2$/, svg: /^image\/svg\+xml/ };

export async function alone(report) {
  const home = temporaryFolder("alone");
  const folder = path.join(home, "empty");
  mkdirSync(folder);
  const binary = path.join(folder, "weirgate");
  copyFileSync(required("WEIRGATE_RELEASE_BIN"), binary);
  chmodSync(binary, 0o755);
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const began = performance.now();
  // No APP_ENV, no site root, no data directory: what a person has who downloaded one file.
  const child = start("weirgate-alone", binary, ["serve"], { env: { PORT: String(port), HOME: home }, cwd: folder });
  try {
    await until("/readyz", async () => (await fetch(`${origin}/readyz`)).ok, { child, every: 10 });
    const took = Math.round(performance.now() - began);
    report.fact(took < 2000, "it starts in under 2 s", `${took} ms`);
    const page = await fetch(`${origin}/login`);
    report.equal(page.status, 200, "/login");
    const found = assets(await page.text());
    const seen = new Set();
    for (const asset of found) {
      const response = await fetch(new URL(asset, origin));
      const kind = path.extname(new URL(asset, origin).pathname).slice(1);
      report.equal(response.status, 200, asset);
      report.fact(TYPES[kind]?.test(response.headers.get("content-type") ?? ""), `${asset}: its type`, response.headers.get("content-type"));
      seen.add(kind);
      const text = await response.text();
      if (kind === "css") for (const font of text.matchAll(/url\(["']?([^"')]+\.woff2[^"')]*)/g)) found.add(new URL(font[1], new URL(asset, origin)).pathname);
      if (kind === "js") report.fact(text.length > 0, `${asset} is not empty`);
    }
    for (const kind of ["css", "js", "wasm", "woff2"]) report.fact(seen.has(kind), `a ${kind} file is served`, [...found].join(" "));
    const browser = await openBrowser({ origin });
    try {
      await open(browser.page, "/login", true);
      await shoot(browser.page, "release-alone-login");
      report.none(browser.page.complaints, "the page complains");
    } finally {
      await browser.close();
    }
    report.equal((await stop(child)).code, 0, "SIGTERM ends it properly");
    console.log(`  in the folder afterwards: ${readdirSync(folder).sort().join(", ")}`);
  } finally {
    await stop(child, { signal: "SIGKILL" });
  }
}

/** Everything with a file name that the page's head points to. */
function assets(html) {
  const found = new Set();
  for (const match of html.matchAll(/["'](\/[^"'\s<>]*\.(?:css|js|wasm|woff2|svg)(?:\?[^"'\s<>]*)?)["']/g)) found.add(match[1].replaceAll("&amp;", "&"));
  return found;
}
