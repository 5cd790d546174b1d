// Sign up, key, call, see it, revoke, be refused.
import { openBrowser, shoot } from "../../lib/browser.mjs";
import { until } from "../../lib/process.mjs";
import { call, createKey, fillRegistration, newPerson, open, part, ready, signUp, submit } from "./steps.mjs";

export async function mainJob(report, origin, { javaScript }) {
  const suffix = javaScript ? "js" : "nojs";
  const browser = await openBrowser({ origin, javaScript });
  const { page } = browser;
  const path = () => new URL(page.url()).pathname;
  // What is typed wrong on purpose below is refused with these.
  page.expected.push(/422.*\/_fn\/sign_up|401.*\/_fn\/sign_in/);
  try {
    await report.step("signed out, / leads to /login", async () => {
      await open(page, "/", javaScript);
      report.equal(path(), "/login", "where / leads");
      report.fact((await page.title()).length > 0, "the page has a title");
      await shoot(page, `login-${suffix}`);
    });
    await report.step("the form says what is wrong with it", async () => {
      await open(page, "/register", javaScript);
      const person = newPerson();
      await fillRegistration(page, person, `${person.password}x`);
      await submit(page, "confirm_password");
      const alert = page.locator("[role=alert]").filter({ hasText: /\S/ });
      await alert.first().waitFor();
      report.equal(path(), "/register", "where a wrong confirmation leads");
      report.equal(await page.locator("input[name=email]").inputValue(), person.email, "what was typed stays");
      await shoot(page, `register-error-${suffix}`);
    });
    const person = await report.step("signing up leads to a welcome by name", async () => {
      const person = await signUp(page, javaScript);
      report.fact((await page.locator("main").innerText()).includes("Eve"), "the overview greets by name");
      report.equal(await part(page, "call-row").count(), 0, "calls before the first one");
      const plan = part(page, "plan");
      report.equal(await plan.count(), 1, "plan cards");
      report.fact((await plan.locator(".plan-name").innerText()).length > 0, "the card names the plan");
      await shoot(page, `overview-empty-${suffix}`);
      return person;
    });
    await report.step("signed in, /login leads to /", async () => {
      await open(page, "/login", javaScript);
      report.equal(path(), "/", "where /login leads");
    });
    const key = await report.step("a key is shown once", async () => {
      await open(page, "/keys", javaScript);
      const secret = await createKey(page, `laptop ${suffix}`);
      await shoot(page, `key-shown-${suffix}`);
      await page.goto("/keys");
      await ready(page, javaScript);
      report.equal(await part(page, "new-key").count(), 0, "the shown key after a reload");
      report.fact(!(await page.content()).includes(secret.split("-")[2]), "its secret is nowhere on the page");
      report.equal(await part(page, "key-row").count(), 1, "rows of keys");
      report.fact((await part(page, "key-row").innerText()).includes(`laptop ${suffix}`), "the row has the key's name");
      return secret;
    });
    await report.step("a first call turns the waiting line green", async () => {
      await open(page, "/connect", javaScript);
      report.fact((await page.content()).includes(origin), "the snippets have this server's address");
      report.equal(await part(page, "waiting").getAttribute("data-state"), "waiting", "before the call");
      await shoot(page, `connect-waiting-${suffix}`);
      const answer = await call(origin, key);
      report.equal(answer.status, 200, "the call's status");
      report.fact(answer.text.includes("message_stop"), "the call streams to its end");
      await until(
        "the line to turn",
        async () => {
          if (!javaScript) await page.reload();
          return (await part(page, "waiting").getAttribute("data-state")) === "received";
        },
        { every: 200 },
      );
      await shoot(page, `connect-received-${suffix}`);
    });
    await report.step("the call appears with its tokens and cost", async () => {
      await open(page, "/", javaScript);
      await until("the row", async () => (await part(page, "call-row").count()) > 0 || (await page.reload(), false), { every: 200 });
      await ready(page, javaScript);
      const row = (await part(page, "call-row").first().innerText()).replace(/\s+/g, " ");
      report.fact(row.includes("claude-steady"), "the row has the model", row);
      report.fact(/\b12\b/.test(row), "the row has the output tokens", row);
      report.fact(/\$\s?0\.0/.test(row), "the row has the cost", row);
      await shoot(page, `overview-${suffix}`);
    });
    await report.step("a revoked key is refused", async () => {
      await open(page, "/keys", javaScript);
      await part(page, "revoke").first().click();
      await part(page, "revoke-confirm").first().click();
      await until("the key to be refused", async () => (await call(origin, key, { stream: false })).status === 401, { limit: 5000 });
      const refused = await call(origin, key);
      report.equal(refused.headers.get("x-should-retry"), "false", "x-should-retry");
      report.equal(JSON.parse(refused.text).error.type, "authentication_error", "the dialect's error");
      await ready(page, javaScript);
      await shoot(page, `keys-revoked-${suffix}`);
    });
    await report.step("signing out and in again", async () => {
      await open(page, "/", javaScript);
      const menu = part(page, "user-menu");
      if (!(await part(page, "logout").isVisible())) await menu.click();
      await part(page, "logout").click();
      await page.waitForURL((url) => url.pathname === "/login");
      await open(page, "/keys", javaScript);
      report.equal(path(), "/login", "where /keys leads when signed out");
      await page.locator("input[name=email]").fill(person.email);
      await page.locator("input[name=password]").fill("not the password");
      await submit(page, "password");
      await page.locator("[role=alert]").filter({ hasText: /\S/ }).first().waitFor();
      await page.locator("input[name=email]").fill(person.email);
      await page.locator("input[name=password]").fill(person.password);
      await page.locator("input[name=remember_me]").check();
      await submit(page, "password");
      await page.waitForURL((url) => url.pathname !== "/login");
      await ready(page, javaScript);
      const cookie = (await browser.context.cookies()).find((cookie) => cookie.name === "wg" || cookie.name === "__Host-wg");
      report.fact(cookie?.httpOnly && cookie.sameSite === "Lax", "the session cookie is HttpOnly and Lax", cookie && { ...cookie, value: "" });
      report.fact(cookie?.expires > Date.now() / 1000 + 20 * 86_400, "remember me outlives the browser", cookie?.expires);
      const stored = javaScript ? await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage })) : "";
      report.fact(!/eyJ|[0-9a-f]{64}/.test(stored), "no token in the browser's storage", stored);
    });
    report.none(page.complaints, `the pages complain, ${suffix}`);
  } catch (error) {
    await shoot(page, `failed-main-job-${suffix}`).catch(() => {});
    throw error;
  } finally {
    await browser.close();
  }
}
