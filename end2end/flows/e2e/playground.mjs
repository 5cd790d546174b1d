// The playground: a question streams, a slow answer is stopped, the numbers on the page are those of the books, and the code beside it works.
import { writeFileSync } from "node:fs";

import { SIZES, openBrowser, overflow, shoot } from "../../lib/browser.mjs";
import { MODELS } from "../../lib/fake.mjs";
import { HERE, artefact, finish, until } from "../../lib/process.mjs";
import { fakeProviders, startWeirgate } from "../../lib/weirgate.mjs";
import { choose, createKey, open, part, ready, signUp } from "./steps.mjs";

/** Long enough to be watched and to be stopped in the middle. */
const RIVER = "claude-river";

export async function playground(report, fake) {
  const models = { anthropic: { ...MODELS.anthropic, [RIVER]: "fake:events=80&slow=100", "claude-shut": "fake:status=400" }, openai: {} };
  const weirgate = await startWeirgate({ name: "weirgate-playground", providers: fakeProviders(fake, models) });
  try {
    await report.step("the playground, with JavaScript", () => island(report, weirgate.origin));
    await report.step("the playground, without JavaScript", () => form(report, weirgate.origin));
  } finally {
    await weirgate.stop();
  }
}

/** The newest call as the books tell it, once it is settled. */
const newest = (page, count) =>
  until("the row", async () => {
    const reply = await page.request.get("/api/v1/usage/recent?limit=20");
    const { data } = await reply.json();
    return data.length === count && data[0].status !== "open" && data[0];
  });

/** The figures under the last answer, by name. */
async function figures(page) {
  const shown = part(page, "figures").last();
  await shown.waitFor();
  const pairs = await shown.locator("dd").evaluateAll((all) => all.map((dd) => [dd.dataset.figure, dd.innerText.trim().replaceAll("\u00a0", " ")]));
  return { status: await shown.getAttribute("data-status"), ...Object.fromEntries(pairs) };
}

const count = (number) => number.toLocaleString("en-US");
const millis = (ms) => (ms < 1000 ? `${ms} ms` : `${(Math.floor((ms + 50) / 100) / 10).toFixed(1)} s`);

function equal(report, shown, row) {
  const { tokens } = row;
  const written = tokens.cache_write_5m + tokens.cache_write_1h;
  const expected = {
    status: row.status,
    input: count(tokens.input),
    cache_read: count(tokens.cache_read),
    cache_write: count(written),
    output: count(tokens.output),
    cost: `$${row.cost}`,
    first_token: millis(row.ttft_ms),
    total: millis(row.latency_ms),
  };
  report.equal(shown, expected, "the numbers on the page are those of the books");
  report.equal([row.endpoint, row.key], ["/playground/messages", null], "what the row says of its door");
}

async function island(report, origin) {
  const browser = await openBrowser({ origin });
  const { page, context } = browser;
  // The refusal that is provoked below.
  page.expected.push(/400.*\/playground\/messages|\/playground\/messages.*400/);
  const answer = () => part(page, "turn").last().locator(".said-text").innerText();
  try {
    await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin });
    await signUp(page, true);
    await open(page, "/keys", true);
    const key = await createKey(page, "for the code");
    await open(page, "/", true);
    await page.locator("nav a[href='/playground']").click();
    await page.waitForURL((url) => url.pathname === "/playground");
    await ready(page);
    await report.step("a question is answered and counted", async () => {
      await page.locator("select[name=model]").selectOption("claude-steady");
      await page.locator("details.more summary").click();
      await page.locator("textarea[name=system]").fill("Answer like a lock keeper's \"log\".");
      await page.locator("input[name=max_tokens]").fill("200");
      await page.locator("textarea[name=prompt]").fill("How high is the water?\nIt's <b>rising</b>.");
      await page.locator("textarea[name=prompt]").press("Control+Enter");
      const shown = await figures(page);
      equal(report, shown, await newest(page, 1));
      report.equal(shown.cache_read, "400", "what came from the cache");
      report.equal(await page.locator("textarea[name=prompt]").inputValue(), "", "the message is sent");
      report.equal(await part(page, "turn").first().locator(".said-text").innerText(), "How high is the water?\nIt's <b>rising</b>.", "as it was typed");
      report.fact((await answer()).length > 20, "an answer", await answer());
      await shoot(page, "playground-answered");
    });
    await report.step("an answer is seen as it comes, and Esc stops it", async () => {
      await page.locator("select[name=model]").selectOption(RIVER);
      await page.locator("textarea[name=prompt]").fill("Tell me of the river.");
      await page.locator("form[data-testid=playground] button[type=submit]").click();
      const seen = new Set();
      await until("the answer to grow", async () => seen.add((await answer()).length) && seen.size >= 5, { every: 80 });
      report.equal(await part(page, "talk").getAttribute("aria-busy"), "true", "a screen reader waits");
      report.fact(await page.locator("form[data-testid=playground] button[type=submit]").isDisabled(), "one question at a time");
      await shoot(page, "playground-streaming");
      await page.keyboard.press("Escape");
      await until("the stop", async () => (await part(page, "talk").getAttribute("aria-busy")) === "false");
      const stopped = await answer();
      await until("the row to be counted", async () => (await part(page, "figures").count()) === 2);
      report.equal(await answer(), stopped, "nothing comes after the stop");
      const row = await newest(page, 2);
      report.equal(row.status, "client_gone", "how the books name it");
      equal(report, await figures(page), row);
      report.fact(row.latency_ms < 8000 && row.tokens.output > 0, "it was hung up on, and what came is counted", row);
      await shoot(page, "playground-stopped");
    });
    await report.step("what is refused is told, and the question stays", async () => {
      await page.locator("select[name=model]").selectOption("claude-shut");
      await page.locator("textarea[name=prompt]").fill("Let me in.");
      await page.locator("textarea[name=prompt]").press("Control+Enter");
      await part(page, "trouble").waitFor();
      report.equal(await page.locator("textarea[name=prompt]").inputValue(), "Let me in.", "the question after a refusal");
      report.equal(await part(page, "turn").count(), 4, "what was said before stays, the refused one does not");
      await shoot(page, "playground-refused");
    });
    await report.step("copied code works", async () => {
      await page.locator("select[name=model]").selectOption("claude-brief");
      await page.locator("textarea[name=prompt]").fill("It's $(id) `id` \"quoted\"\nand Привет.");
      const copied = {};
      for (const name of ["curl", "python", "typescript"]) {
        const block = page.locator(".code", { has: page.locator(`#code-${name}`) });
        await block.locator("button").click();
        copied[name] = await page.evaluate(() => navigator.clipboard.readText());
        for (const text of ["claude-brief", origin, "WEIRGATE_API_KEY", "Tell me of the river.", "How high is the water?"]) {
          report.fact(copied[name].includes(text), `${name} holds ${text}`, copied[name]);
        }
        report.fact(!copied[name].includes(key), `${name} holds no key`);
      }
      const env = { WEIRGATE_API_KEY: key };
      const said = await finish("curl-recipe", "sh", ["-c", copied.curl], { env });
      report.fact(said.includes("message_stop"), "curl is answered", said.slice(0, 400));
      let calls = 4;
      let row = await newest(page, calls);
      report.equal([row.status, row.model, row.endpoint, row.key?.name], ["settled", "claude-brief", "/v1/messages", "for the code"], "the row of curl");
      // Plain JavaScript too, so Node runs it; the SDK is the one beside this flow.
      const script = await finish("typescript-recipe", "node", ["--input-type=module"], { env, cwd: HERE, stdin: copied.typescript });
      report.fact(script.trim().length > 5, "TypeScript prints the answer", script);
      row = await newest(page, ++calls);
      report.equal([row.status, row.key?.name], ["settled", "for the code"], "the row of TypeScript");
      if (process.env.WEIRGATE_PYTHON) {
        const file = artefact("playground-recipe.py");
        writeFileSync(file, copied.python);
        const printed = await finish("python-recipe", process.env.WEIRGATE_PYTHON, [file], { env });
        report.fact(printed.trim().length > 5, "Python prints the answer", printed);
        row = await newest(page, ++calls);
        report.equal([row.status, row.key?.name], ["settled", "for the code"], "the row of Python");
      }
    });
    await report.step("a new conversation is empty", async () => {
      await part(page, "clear").click();
      await until("an empty conversation", async () => (await part(page, "turn").count()) === 0);
      report.fact(await page.locator("textarea[name=prompt]").evaluate((prompt) => prompt === document.activeElement), "and ready to be written to");
    });
    await looks(report, page, true);
    report.none(page.complaints, "the playground complains");
  } catch (error) {
    await shoot(page, "failed-playground-js").catch(() => {});
    throw error;
  } finally {
    await browser.close();
  }
}

/** In dark, narrow, and in Russian, with something said. */
async function looks(report, page, javaScript) {
  const suffix = javaScript ? "js" : "nojs";
  const ask = async () => {
    await open(page, "/playground", javaScript);
    await page.locator("select[name=model]").selectOption("claude-steady");
    await page.locator("textarea[name=prompt]").fill("How high is the water?");
    await page.locator("form[data-testid=playground] button[type=submit]").click();
    await part(page, "figures").waitFor();
    await page.locator("details.more summary").click();
  };
  const shots = async (name) => {
    for (const [size, viewport] of [["desktop", SIZES.desktop], ["narrow", SIZES.narrow]]) {
      await page.setViewportSize(viewport);
      report.equal(await overflow(page), 0, `${name} at ${viewport.width} px: pixels too wide`);
      await shoot(page, `playground-${name}-${size}-${suffix}`);
    }
    await page.setViewportSize(SIZES.desktop);
  };
  await ask();
  await shots("light");
  await open(page, "/", javaScript);
  await choose(page, "theme");
  await ask();
  await shots("dark");
  await open(page, "/", javaScript);
  await choose(page, "language");
  await until("Russian", async () => (await page.locator("html").getAttribute("lang")) === "ru");
  await ask();
  report.equal(await page.locator("h1").innerText(), "Песочница", "the title");
  await shots("russian");
}

async function form(report, origin) {
  const browser = await openBrowser({ origin, javaScript: false });
  const { page } = browser;
  page.expected.push(/400.*\/playground/, /\/playground.*400/);
  try {
    await signUp(page, false);
    await open(page, "/playground", false);
    report.fact(/Without JavaScript/.test(await page.locator("main").innerText()), "the page says what it cannot do");
    report.equal(await part(page, "stop").isVisible(), false, "no button that would do nothing");
    const send = () => page.locator("form[data-testid=playground] button[type=submit]").click();
    await page.locator("select[name=model]").selectOption("claude-steady");
    await page.locator("textarea[name=prompt]").fill("How high is the water?");
    await send();
    equal(report, { ...(await figures(page)) }, await newest(page, 1));
    report.equal(await part(page, "turn").count(), 2, "question and answer");
    await page.locator("textarea[name=prompt]").fill("And now?");
    await send();
    await until("the second answer", async () => (await part(page, "turn").count()) === 4);
    equal(report, await figures(page), await newest(page, 2));
    const code = await page.locator("#code-curl").innerText();
    report.fact(code.includes("And now?") && code.includes("claude-steady"), "the recipe repeats the call", code);
    await page.locator("select[name=model]").selectOption("claude-shut");
    await page.locator("textarea[name=prompt]").fill("Let me in.");
    await send();
    await part(page, "trouble").waitFor();
    report.equal((await page.locator("textarea[name=prompt]").inputValue()).trim(), "Let me in.", "the question after a refusal");
    await looks(report, page, false);
    report.none(page.complaints, "the playground complains, without JavaScript");
  } catch (error) {
    await shoot(page, "failed-playground-nojs").catch(() => {});
    throw error;
  } finally {
    await browser.close();
  }
}
