// Debian's Chromium with a profile of its own, and everything a page complains about.
import { chromium } from "playwright-core";

import { artefact, temporaryFolder } from "./process.mjs";

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-default-apps",
  "--disable-sync",
  "--no-first-run",
  "--no-proxy-server",
  "--metrics-recording-only",
  "--font-render-hinting=none",
];

export const SIZES = { desktop: { width: 1280, height: 860 }, phone: { width: 360, height: 740 }, narrow: { width: 320, height: 640 } };

/** A browser with one page. `page.complaints` collects console warnings and errors, exceptions, and failed or unexpected answers. */
export async function openBrowser({ origin, javaScript = true, size = SIZES.desktop, colorScheme = "light", locale = "en-US" }) {
  const context = await chromium.launchPersistentContext(temporaryFolder("chromium"), {
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    headless: true,
    args: FLAGS,
    baseURL: origin,
    javaScriptEnabled: javaScript,
    viewport: size,
    colorScheme,
    locale,
    timezoneId: "Europe/Berlin",
    chromiumSandbox: false,
  });
  context.setDefaultTimeout(15_000);
  const page = context.pages()[0] ?? (await context.newPage());
  page.complaints = [];
  page.expected = [];
  // Other origins that a flow leads to.
  page.elsewhere = [];
  // The first lines say what is wrong; a page says it once for each time it is opened.
  const complain = (text) => {
    const short = `${new URL(page.url(), origin).pathname}: ${text.split("\n").slice(0, 3).join(" ").slice(0, 400)}`;
    if (!page.complaints.includes(short)) page.complaints.push(short);
  };
  page.on("console", (message) => {
    if (!["warning", "error"].includes(message.type())) return;
    const { url } = message.location();
    if (page.expected.some((expected) => expected.test(`${message.text()} ${url}`))) return;
    complain(`${message.type()}: ${message.text()} (${url})`);
  });
  page.on("pageerror", (error) => complain(`exception: ${error}`));
  page.on("requestfailed", (request) => {
    // A navigation that replaces another aborts what the old page still fetched.
    const reason = request.failure()?.errorText ?? "";
    // Where scripts are off, the browser itself blocks them and says `csp`.
    if (!/ERR_ABORTED/.test(reason) && (javaScript || reason !== "csp")) complain(`failed: ${request.url()} ${reason}`);
  });
  page.on("request", (request) => {
    const { protocol, origin: to } = new URL(request.url());
    if (protocol.startsWith("http") && to !== origin && !page.elsewhere.includes(to)) complain(`leaves the server: ${request.url()}`);
  });
  page.on("response", (response) => {
    const text = `${response.status()} ${response.url()}`;
    if (response.status() >= 400 && !page.expected.some((expected) => expected.test(text))) complain(`answer: ${text}`);
  });
  return { context, page, close: () => context.close() };
}

export async function shoot(page, name) {
  await page.screenshot({ path: artefact(`${name}.png`), fullPage: true, animations: "disabled" });
}

/** How far the page is wider than its window, in pixels; 0 when it holds. */
export function overflow(page) {
  return page.evaluate(() => Math.max(0, document.documentElement.scrollWidth - document.documentElement.clientWidth));
}
