// What goes by mail: a link that signs in, a new password, a confirmed address; read at /dev/mail, and over SMTP from a production server.
import { openBrowser, overflow, shoot } from "../../lib/browser.mjs";
import { until } from "../../lib/process.mjs";
import { parts, startSmtp } from "../../lib/smtp.mjs";
import { startWeirgate } from "../../lib/weirgate.mjs";
import { newPerson, open, part, ready, signUp } from "./steps.mjs";

/** Presses the one button of a part's form. */
const send = (page, name) => part(page, name).locator("button[type=submit]").click();

/** The newest letter to somebody, as the development page shows it. */
async function letter(page, email, javaScript) {
  await open(page, "/dev/mail", javaScript);
  const shown = page.locator(`[data-testid=letter][data-to="${email}"]`).first();
  return { subject: await shown.locator("h2").innerText(), link: await shown.getByTestId("letter-link").getAttribute("href") };
}

const cookie = async (browser) => (await browser.context.cookies()).find(({ name }) => name === "wg" || name === "__Host-wg");

async function signOut(page, javaScript) {
  await open(page, "/", javaScript);
  if (!(await part(page, "logout").isVisible())) await part(page, "user-menu").click();
  await part(page, "logout").click();
  await page.waitForURL((url) => url.pathname === "/login");
}

export async function mail(report, origin, { javaScript }) {
  const suffix = javaScript ? "js" : "nojs";
  const asks = await openBrowser({ origin, javaScript });
  const confirms = await openBrowser({ origin, javaScript });
  const { page } = asks;
  page.expected.push(/(400|401|422).*\/_fn\/|\/_fn\/.*(400|401|422)/);
  try {
    const person = await signUp(page, javaScript);
    await report.step("the address of a new account is confirmed by its letter", async () => {
      const { link } = await letter(page, person.email, javaScript);
      await page.goto(link);
      await ready(page, javaScript);
      await shoot(page, `verify-${suffix}`);
      await send(page, "confirm-address");
      await page.waitForURL((url) => url.pathname === "/settings");
      await page.locator("#email .tag-good").waitFor();
      await shoot(page, `settings-access-${suffix}`);
    });
    await signOut(page, javaScript);
    await report.step("a link signs in the browser that confirms, and no other", async () => {
      await open(page, "/login", javaScript);
      await page.locator("a[href='/login/link']").click();
      await page.waitForURL((url) => url.pathname === "/login/link");
      await ready(page, javaScript);
      await page.locator("input[name=email]").fill(person.email);
      await send(page, "ask-link");
      await part(page, "letter-sent").waitFor();
      await shoot(page, `link-sent-${suffix}`);
      const { link } = await letter(page, person.email, javaScript);
      report.fact(link.startsWith(`${origin}/login/link?token=`), "the link leads to the configured address", link);
      for (let times = 0; times < 10; times++) {
        const answer = await fetch(link, { method: times % 2 ? "HEAD" : "GET", redirect: "manual" });
        report.equal(answer.status, 200, "a scanner's look at the link");
        report.equal(answer.headers.getSetCookie().length, 0, "cookies a scanner gets");
        report.equal(answer.headers.get("referrer-policy"), "same-origin", "referrer policy");
      }
      await confirms.page.goto(link);
      await ready(confirms.page, javaScript);
      report.fact((await confirms.page.locator("main").innerText()).includes(person.email), "the page says whom it signs in");
      report.equal(await overflow(confirms.page), 0, "pixels too wide");
      await shoot(confirms.page, `link-confirm-${suffix}`);
      await send(confirms.page, "confirm-link");
      await confirms.page.waitForURL((url) => url.pathname === "/");
      report.fact(await cookie(confirms), "the browser that confirms is signed in");
      report.equal(await cookie(asks), undefined, "a session in the browser that asked");
      await page.goto(link);
      await part(page, "dead-link").waitFor();
      await shoot(page, `link-dead-${suffix}`);
    });
    await report.step("an address without an account sees the same page", async () => {
      await open(page, "/login/link", javaScript);
      await page.locator("input[name=email]").fill(newPerson().email);
      await send(page, "ask-link");
      await part(page, "letter-sent").waitFor();
    });
    await report.step("a forgotten password is set anew, and every sign-in ends", async () => {
      await open(page, "/reset", javaScript);
      await page.locator("input[name=email]").fill(person.email);
      await send(page, "ask-reset");
      await part(page, "letter-sent").waitFor();
      const { link } = await letter(page, person.email, javaScript);
      await page.goto(link);
      await ready(page, javaScript);
      const set = async (password, again) => {
        await page.locator("input[name=password]").fill(password);
        await page.locator("input[name=confirm_password]").fill(again);
        await send(page, "set-password");
      };
      await set("another good one", "not the same");
      await page.locator("#confirm_password-wrong").waitFor();
      await shoot(page, `reset-wrong-${suffix}`);
      person.password = `more water ${person.username}`;
      await set(person.password, person.password);
      await page.waitForURL((url) => url.pathname === "/login");
      await page.locator("[role=status]").filter({ hasText: /\S/ }).first().waitFor();
      await open(confirms.page, "/keys", javaScript);
      report.equal(new URL(confirms.page.url()).pathname, "/login", "where the other browser is led");
      await open(page, "/login", javaScript);
      await page.locator("input[name=email]").fill(person.email);
      await page.locator("input[name=password]").fill(person.password);
      await page.locator("form", { has: page.locator("input[name=password]") }).locator("button[type=submit]").click();
      await page.waitForURL((url) => url.pathname === "/");
    });
    await report.step("password and address are changed in the settings", async () => {
      await open(page, "/settings", javaScript);
      const form = page.locator("#password form");
      const change = async (current) => {
        await form.locator("input[name=current_password]").fill(current);
        await form.locator("input[name=new_password]").fill(`${person.password} 2`);
        await form.locator("input[name=confirm_password]").fill(`${person.password} 2`);
        await form.locator("button[type=submit]").click();
      };
      await change("not the password");
      await page.locator("#password [role=alert]").filter({ hasText: /\S/ }).first().waitFor();
      await change(person.password);
      await page.locator("#password [role=status]").waitFor();
      person.password += " 2";
      const address = page.locator("#email form").last();
      const email = `new.${person.email}`;
      await address.locator("input[name=email]").fill(email);
      await address.locator("input[name=password]").fill(person.password);
      await address.locator("button[type=submit]").click();
      await page.locator("#email [role=status]").waitFor();
      const { link } = await letter(page, email, javaScript);
      await page.goto(link);
      await ready(page, javaScript);
      await send(page, "confirm-address");
      await page.waitForURL((url) => url.pathname === "/settings");
      report.fact((await page.locator("#email").innerText()).includes(email), "the settings show the new address");
      await open(page, "/dev/mail", javaScript);
      const told = page.locator(`[data-testid=letter][data-to="${person.email}"]`).first();
      report.fact((await told.innerText()).includes("was changed"), "the old address is told");
    });
    report.none(page.complaints, `the pages complain, ${suffix}`);
    report.none(confirms.page.complaints, `the pages of the other browser complain, ${suffix}`);
  } catch (error) {
    await shoot(page, `failed-mail-${suffix}`).catch(() => {});
    throw error;
  } finally {
    await asks.close();
    await confirms.close();
  }
}

/** A production server that sends over SMTP: letters arrive whole, and the page of development is not there. */
export async function smtp(report) {
  const server = await startSmtp({ user: "weir", password: "g@te:1" });
  const weirgate = await startWeirgate({
    name: "weirgate-smtp",
    env: { APP_ENV: "production", SMTP_URL: server.url, WEIRGATE_SMTP__FROM: "Weirgate <weirgate@example.org>" },
  });
  try {
    const person = newPerson();
    const post = (path, body) =>
      fetch(`${weirgate.origin}/api/v1/auth/${path}`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
    const { username, email, password } = person;
    report.equal((await post("register", { username, email, password, locale: "ru" })).status, 201, "signing up");
    const reply = await post("request-link", { email });
    report.equal(reply.status, 202, "asking for a link");
    report.equal(Object.keys(await reply.json()), ["message"], "the answer's fields");
    await until("two letters", async () => server.letters.length >= 2);
    // Letters leave after the answer, each on its own: the second asked for may be the first to arrive.
    const links = new RegExp(`${weirgate.origin}/login/link\\?token=[\\w-]{43}`);
    const letter = server.letters.find(({ text }) => links.test(parts(text)["text/plain"]));
    report.fact(letter, "one letter's text has the link", server.letters);
    report.equal([letter.from, ...letter.to], ["weirgate@example.org", email], "envelope");
    const { "text/plain": text, "text/html": html } = parts(letter.text);
    const [link] = links.exec(text);
    report.fact(html.includes(link) && /[а-я]/i.test(html), "the HTML has the link, in the account's language", html);
    report.fact(!/<img|<script|<link/i.test(html), "nothing remote in it");
    const token = link.split("token=")[1];
    report.equal((await post("verify", { token })).status, 200, "using the link");
    report.equal((await post("verify", { token })).status, 400, "using it again");
    report.equal((await fetch(`${weirgate.origin}/dev/mail`)).status, 404, "/dev/mail in production");
  } finally {
    await weirgate.stop();
    await server.stop();
  }
}
