// Signing in with an identity elsewhere: a certified provider, a browser, and everything between them.
import { openBrowser, overflow, shoot } from "../../lib/browser.mjs";
import { finish, freePort, required, until } from "../../lib/process.mjs";
import { asProvider, startProvider } from "../../lib/provider.mjs";
import { startWeirgate } from "../../lib/weirgate.mjs";
import { newPerson, open, part, ready, signUp, submit } from "./steps.mjs";

export async function identities(report) {
  const port = await freePort();
  const provider = await startProvider({
    redirects: [`http://127.0.0.1:${port}/api/v1/auth/oauth/loopback/callback`],
    groups: { boss: ["ops"] },
  });
  const config = asProvider(provider, "loopback", 'admin_groups = ["ops"]');
  const weirgate = await startWeirgate({ name: "weirgate-identities", port, config, env: { MOCK_AUTH: "true" } });
  try {
    for (const javaScript of [true, false]) {
      await report.step(`identities, ${javaScript ? "with" : "without"} JavaScript`, () => oneBrowser(report, weirgate.origin, provider, javaScript));
    }
    await report.step("doctor reaches the provider", () => doctor(report, weirgate));
  } finally {
    await weirgate.stop();
    await provider.close();
  }
}

async function oneBrowser(report, origin, provider, javaScript) {
  const suffix = javaScript ? "js" : "nojs";
  const browser = await openBrowser({ origin, javaScript });
  const { context, page } = browser;
  page.elsewhere.push(provider.issuer);
  // Refused on purpose below.
  page.expected.push(/400.*\/api\/v1\/auth\/oauth\/loopback\/callback|409.*\/_fn\/unlink_identity/);
  const path = () => new URL(page.url()).pathname;
  const here = (where) => page.waitForURL((url) => url.origin === origin && url.pathname === where);
  const throughProvider = async (login, press = () => part(page, "way-loopback").click()) => {
    await press();
    await page.waitForURL((url) => url.origin === provider.issuer);
    await page.locator("input[name=login]").fill(login);
    await page.locator("button[name=go]").click();
  };
  const signOut = async () => {
    // The provider forgets too: the next person begins anew.
    await context.clearCookies();
    await open(page, "/login", javaScript);
  };
  const welcome = async () => {
    await here("/");
    await ready(page, javaScript);
    return page.locator("main").innerText();
  };
  const login = `jane-${suffix}`;
  try {
    await report.step("signing up through the provider", async () => {
      await open(page, "/register", javaScript);
      report.equal(await part(page, "way-loopback").count(), 1, "buttons on /register");
      await open(page, "/login?next=/settings/identities", javaScript);
      await shoot(page, `login-providers-${suffix}`);
      report.equal(await overflow(page), 0, "pixels too wide");
      await throughProvider(login);
      await here("/settings/identities");
      await ready(page, javaScript);
      report.equal(await part(page, "identity-row").count(), 1, "linked identities");
      report.fact((await part(page, "identity-row").innerText()).includes(`${login}@example.com`), "it shows the e-mail there");
      await shoot(page, `identities-${suffix}`);
      await open(page, "/", javaScript);
      report.fact((await welcome()).includes(`The ${login}`), "the overview greets by the name that the provider told");
    });
    await report.step("the only way in stays", async () => {
      await open(page, "/settings/identities", javaScript);
      await unlink(page);
      await page.locator("#identities .notice-warn").waitFor();
      report.equal(await part(page, "identity-row").count(), 1, "linked identities");
    });
    await report.step("signing out and in again", async () => {
      await open(page, "/", javaScript);
      const out = page.waitForResponse((response) => response.url().includes("/_fn/sign_out"));
      await page.evaluate(() => document.querySelector("form[action*='/_fn/sign_out']").requestSubmit()).catch(() => {});
      await out;
      await open(page, "/", javaScript);
      report.equal(path(), "/login", "where / leads");
      // The provider still knows the person, so it asks nothing.
      await part(page, "way-loopback").click();
      report.fact((await welcome()).includes(`The ${login}`), "the same account");
    });
    await report.step("linking and unlinking", async () => {
      await signOut();
      const person = await signUp(page, javaScript);
      await open(page, "/settings/identities", javaScript);
      report.equal(await part(page, "identity-row").count(), 0, "linked identities of a new account");
      await throughProvider(`linked-${suffix}`, () => part(page, "link-loopback").click());
      await here("/settings/identities");
      await ready(page, javaScript);
      report.equal(await part(page, "identity-row").count(), 1, "linked identities");
      await signOut();
      await throughProvider(`linked-${suffix}`);
      report.fact((await welcome()).includes(person.full_name.split(" ")[0]), "the identity signs the account in that linked it");
      await open(page, "/settings/identities", javaScript);
      await unlink(page);
      await page.locator("#identities .notice-good").waitFor();
      report.equal(await part(page, "identity-row").count(), 0, "linked identities after unlinking");
    });
    await report.step("an e-mail that somebody has is not taken over", async () => {
      await signOut();
      const taken = newPerson();
      taken.email = `taken-${suffix}@example.com`;
      await open(page, "/register", javaScript);
      for (const field of ["full_name", "username", "email", "password"]) await page.locator(`input[name=${field}]`).fill(taken[field]);
      await page.locator("input[name=confirm_password]").fill(taken.password);
      await submit(page, "confirm_password");
      await here("/");
      await signOut();
      await throughProvider(`taken-${suffix}`);
      await here("/login");
      await ready(page, javaScript);
      report.fact((await part(page, "trouble").innerText()).includes("link the provider in your settings"), "the page says what to do");
      await shoot(page, `account-exists-${suffix}`);
    });
    await report.step("a refusal at the provider leads back", async () => {
      await signOut();
      await part(page, "way-loopback").click();
      await page.waitForURL((url) => url.origin === provider.issuer);
      await page.locator("button[name=cancel]").click();
      await here("/login");
      report.equal(new URL(page.url()).search, "?trouble=denied", "why");
      report.fact((await part(page, "trouble").innerText()).length > 0, "the page says so");
    });
    await report.step("a way back that is over ends on a page", async () => {
      await page.goto(`/api/v1/auth/oauth/loopback/callback?state=${"A".repeat(43)}&code=x`);
      await here("/login");
      report.equal(new URL(page.url()).search, "?trouble=stale", "why");
      await ready(page, javaScript);
    });
    await report.step("an e-mail that the provider does not vouch for makes no account", async () => {
      await throughProvider(`unverified-${suffix}`);
      await here("/login");
      report.equal(new URL(page.url()).search, "?trouble=no_email", "why");
      await ready(page, javaScript);
    });
    await report.step("a group makes an administrator", async () => {
      await signOut();
      await throughProvider("boss");
      report.fact((await welcome()).includes("The boss"), "signed in");
      report.fact((await page.locator("main").innerText()).includes("Administrator"), "the overview shows the role");
    });
    await report.step("the test user comes in without a password", async () => {
      await signOut();
      await part(page, "way-mock").click();
      report.fact((await welcome()).includes("Test"), "the overview greets the test user");
    });
    report.none(page.complaints, `the pages complain, ${suffix}`);
  } catch (error) {
    await shoot(page, `failed-identities-${suffix}`).catch(() => {});
    throw error;
  } finally {
    await browser.close();
  }
}

async function unlink(page) {
  await part(page, "unlink").click();
  await part(page, "unlink-confirm").click();
}

async function doctor(report, weirgate) {
  const said = await finish("weirgate-doctor", required("WEIRGATE_BIN"), ["doctor", "--config", `${weirgate.folder}/weirgate.toml`], {
    env: weirgate.variables,
    cwd: weirgate.folder,
  });
  report.fact(said.includes("✓ sign-in with loopback"), "doctor says that the provider answers", said);
  await until("the server to answer still", async () => (await fetch(`${weirgate.origin}/readyz`)).ok);
}
