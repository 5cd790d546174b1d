// The connect page: client and model chosen, the recipe filled in, a key made in place that the recipe then holds; in Russian, dark, and at 320 px.
import { SIZES, openBrowser, overflow, shoot } from "../../lib/browser.mjs";
import { until } from "../../lib/process.mjs";
import { choose, createKey, open, part, ready, signUp } from "./steps.mjs";

export async function connect(report, origin, { javaScript }) {
  const suffix = javaScript ? "js" : "nojs";
  const browser = await openBrowser({ origin, javaScript });
  const { page } = browser;
  const recipe = () => part(page, "recipe");
  const take = async (field, value) => {
    const gone = page.waitForURL((url) => url.searchParams.get(field) === value);
    await page.locator(`select[name=${field}]`).selectOption(value);
    if (!javaScript) await page.locator("form[action='/connect'] button[type=submit]").click();
    await gone;
    await ready(page, javaScript);
  };
  try {
    await signUp(page, javaScript);
    await report.step("every client has its recipe", async () => {
      await open(page, "/connect", javaScript);
      report.equal(await recipe().getAttribute("data-client"), "anthropic-curl", "the first one needs nothing installed");
      const clients = await page.locator("select[name=client] option").evaluateAll((options) => options.map((option) => option.value));
      report.fact(clients.length >= 20, "clients to choose from", clients);
      for (const client of clients) {
        await open(page, `/connect?client=${client}&model=gpt-brief`, javaScript);
        report.equal(await recipe().getAttribute("data-client"), client, "the chosen client");
        const text = await recipe().innerText();
        report.fact(text.includes(origin) && text.includes("gpt-brief"), `${client}: server and model are filled in`, text);
        report.fact(text.includes("YOUR_WEIRGATE_KEY"), `${client}: the key's place`, text);
      }
      await open(page, "/connect?client=nobody&model=none", javaScript);
      report.equal(await recipe().getAttribute("data-client"), "anthropic-curl", "an unknown one");
    });
    await report.step("a key made in place stays with the choice", async () => {
      await open(page, "/connect", javaScript);
      await take("client", "codex");
      await take("model", "gpt-steady");
      const text = await recipe().innerText();
      report.fact(text.includes("~/.codex/config.toml") && text.includes('model = "gpt-steady"'), "the file and its text", text);
      report.fact(text.includes("weirgate connect codex"), "the command that writes it", text);
      const key = await createKey(page, "for codex");
      await ready(page, javaScript);
      report.equal(await recipe().getAttribute("data-client"), "codex", "the client after the key");
      report.equal(await page.locator("select[name=model]").inputValue(), "gpt-steady", "the model after the key");
      const filled = await recipe().innerText();
      report.fact(filled.includes(`export WEIRGATE_API_KEY="${key}"`) && !filled.includes("YOUR_WEIRGATE_KEY"), "the key is filled in", filled.replaceAll(key, "(key)"));
      report.fact(!page.url().includes(key.split("-")[2]), "the key is in no address");
      await shoot(page, `connect-codex-${suffix}`);
      await page.goto("/connect?client=codex");
      report.fact(!(await page.content()).includes(key.split("-")[2]), "the key is gone with the next page");
    });
    await report.step("fields of a client without files", async () => {
      await open(page, "/connect?client=cursor", javaScript);
      const text = await recipe().innerText();
      report.fact(text.includes("Override OpenAI Base URL") && text.includes(`${origin}/v1`), "fields and values", text);
      report.fact(/servers/.test(text), "says from where it calls", text);
    });
    await report.step("in Russian, dark and narrow", async () => {
      await open(page, "/", javaScript);
      await choose(page, "theme");
      await page.setViewportSize(SIZES.narrow);
      for (const client of ["claude-code", "cursor", "llm"]) {
        await open(page, `/connect?client=${client}`, javaScript);
        report.equal(await overflow(page), 0, `${client} at 320 px: pixels too wide`);
        await shoot(page, `connect-${client}-narrow-dark-${suffix}`);
      }
      await page.setViewportSize(SIZES.desktop);
      await open(page, "/", javaScript);
      await choose(page, "language");
      await until("Russian", async () => (await page.locator("html").getAttribute("lang")) === "ru");
      await page.setViewportSize(SIZES.narrow);
      for (const client of ["claude-code", "cursor", "zed"]) {
        await open(page, `/connect?client=${client}`, javaScript);
        report.equal(await page.locator("html").getAttribute("lang"), "ru", "the page's language");
        report.fact(/Настройка: /.test(await recipe().innerText()), `${client}: Russian words`);
        report.equal(await overflow(page), 0, `${client} in Russian at 320 px: pixels too wide`);
        await shoot(page, `connect-${client}-narrow-ru-${suffix}`);
      }
    });
    report.none(page.complaints, `the connect page complains, ${suffix}`);
  } catch (error) {
    await shoot(page, `failed-connect-${suffix}`).catch(() => {});
    throw error;
  } finally {
    await browser.close();
  }
}
