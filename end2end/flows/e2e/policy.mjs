// What browsers are told to refuse: every page is opened with its Content-Security-Policy on, and none of it is violated.
import { openBrowser } from "../../lib/browser.mjs";
import { open, signUp } from "./steps.mjs";

const SIGNED_OUT = ["/login", "/register", "/setup", "/no/such/page", "/docs/api/"];
const SIGNED_IN = ["/", "/keys", "/connect", "/organizations", "/settings", "/docs/api/"];
const NONCES = process.env.WEIRGATE_LONG ? 10_000 : 500;

export async function policy(report, origin) {
  const browser = await openBrowser({ origin });
  const { page } = browser;
  page.expected.push(/no\/such\/page/, /\/setup/);
  const violations = [];
  await page.exposeFunction("__violated", (what) => violations.push(what));
  await page.addInitScript(() => {
    addEventListener("securitypolicyviolation", (event) => window.__violated(`${location.pathname}: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
  });
  try {
    for (const path of SIGNED_OUT) await look(path);
    await signUp(page, true);
    for (const path of SIGNED_IN) await look(path);
    report.none(violations, "violations of the policy");
    report.none(page.complaints, "what the pages complain about");
  } finally {
    await browser.close();
  }

  await report.step("a nonce is new each time and stands only where it belongs", async () => {
    const seen = new Set();
    const misplaced = [];
    for (let n = 0; n < NONCES; n += 1) {
      const response = await fetch(`${origin}/login`);
      const html = await response.text();
      const nonce = /'nonce-([A-Za-z0-9_-]{22,})'/.exec(response.headers.get("content-security-policy"))?.[1];
      if (!nonce || seen.has(nonce)) misplaced.push(`no new nonce in answer ${n}`);
      seen.add(nonce);
      if (html.replaceAll(`nonce="${nonce}"`, "").includes(nonce)) misplaced.push("the nonce stands outside of nonce=");
      const bare = [...html.matchAll(/<script\b[^>]*>/g)].filter(([tag]) => !tag.includes(`nonce="${nonce}"`));
      for (const [tag] of bare) misplaced.push(`a script without the nonce: ${tag}`);
    }
    report.none([...new Set(misplaced)], "nonces");
  });

  async function look(path) {
    const response = path.startsWith("/docs") ? await page.goto(path, { waitUntil: "networkidle" }) : await open(page, path, true);
    const headers = response.headers();
    const policy = headers["content-security-policy"] ?? "";
    for (const part of ["object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'", "form-action 'self'"]) {
      report.fact(policy.includes(part), `${path}: ${part}`, policy);
    }
    const scripts = /script-src ([^;]*)/.exec(policy)?.[1] ?? "";
    report.fact(!/unsafe-inline|unsafe-eval(?<!wasm-unsafe-eval)/.test(scripts), `${path}: no unsafe scripts`, policy);
    report.equal(headers["x-content-type-options"], "nosniff", `${path}: nosniff`);
    report.equal(headers["referrer-policy"], "same-origin", `${path}: referrer policy`);
  }
}
