// Second factors: an authenticator app with recovery codes, with and without JavaScript, and passkeys in Chromium's virtual authenticator.
import { createHmac } from "node:crypto";

import { SIZES, openBrowser, overflow, shoot } from "../../lib/browser.mjs";
import { startWeirgate } from "../../lib/weirgate.mjs";
import { freePort } from "../../lib/process.mjs";
import { open, part, ready, signUp, submit } from "./steps.mjs";

const FACTORS = "/settings/factors";

/** What an authenticator app shows (RFC 6238), `steps` of 30 seconds from now. */
export function totp(secret, steps = 0) {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const bits = [...secret].map((letter) => alphabet.indexOf(letter).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps));
  const mac = createHmac("sha1", key).update(counter).digest();
  return String((mac.readUInt32BE(mac[19] & 15) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

/** Passkeys want a host's name, so this server is called `localhost`. */
export async function factors(report) {
  const port = await freePort();
  const origin = `http://localhost:${port}`;
  const weirgate = await startWeirgate({ name: "weirgate-factors", port, env: { PUBLIC_URL: origin } });
  try {
    for (const javaScript of [true, false]) await app(report, origin, javaScript);
    await passkeys(report, origin);
  } finally {
    await weirgate.stop();
  }
}

async function signOut(page, javaScript) {
  await open(page, "/", javaScript);
  if (!(await part(page, "logout").isVisible())) await part(page, "user-menu").click();
  await part(page, "logout").click();
  await page.waitForURL((url) => url.pathname === "/login");
  await ready(page, javaScript);
}

async function firstStep(page, person, javaScript) {
  await page.locator("input[name=email]").fill(person.email);
  await page.locator("input[name=password]").fill(person.password);
  await submit(page, "password");
  await page.waitForURL((url) => url.pathname === "/login/second");
  await ready(page, javaScript);
}

const codesOf = async (page) => (await part(page, "recovery-codes").innerText()).trim().split(/\s+/);

async function app(report, origin, javaScript) {
  const suffix = javaScript ? "js" : "nojs";
  const browser = await openBrowser({ origin, javaScript });
  const { page } = browser;
  try {
    const person = await signUp(page, javaScript);
    const { secret, codes } = await report.step(`an authenticator app is set up, ${suffix}`, async () => {
      await open(page, FACTORS, javaScript);
      const begin = part(page, "begin-totp");
      await begin.locator("input[name=current_password]").fill("not the password");
      await begin.locator("button[type=submit]").click();
      await page.locator("[role=alert]").filter({ hasText: /\S/ }).first().waitFor();
      await begin.locator("input[name=current_password]").fill(person.password);
      await begin.locator("button[type=submit]").click();
      const confirm = part(page, "confirm-totp");
      await confirm.waitFor();
      const secret = (await page.locator("#totp-secret").innerText()).trim();
      report.fact(/^[A-Z2-7]{32}$/.test(secret), "the key has 160 bits");
      await page.locator("svg.qr").waitFor();
      await shoot(page, `factors-qr-${suffix}`);
      await confirm.locator("input[name=code]").fill("000000");
      await confirm.locator("button[type=submit]").click();
      await page.locator("[role=alert]").filter({ hasText: /\S/ }).first().waitFor();
      report.equal((await page.locator("#totp-secret").innerText()).trim(), secret, "the key after a wrong code");
      await confirm.locator("input[name=code]").fill(totp(secret));
      await confirm.locator("button[type=submit]").click();
      await part(page, "recovery-codes").waitFor();
      const codes = await codesOf(page);
      report.equal(codes.length, 10, "recovery codes");
      await shoot(page, `factors-codes-${suffix}`);
      await open(page, FACTORS, javaScript);
      report.equal(await part(page, "recovery-codes").count(), 0, "the codes after a reload");
      for (const [size, viewport] of Object.entries(SIZES)) {
        await page.setViewportSize(viewport);
        report.equal(await overflow(page), 0, `second factors at ${viewport.width} px: pixels too wide`);
        await shoot(page, `factors-${size}-${suffix}`);
      }
      await page.setViewportSize(SIZES.desktop);
      return { secret, codes };
    });
    await report.step(`signing in asks for the code, ${suffix}`, async () => {
      await signOut(page, javaScript);
      await firstStep(page, person, javaScript);
      await shoot(page, `second-step-${suffix}`);
      await page.locator("input[name=code]").fill("000000");
      await submit(page, "code");
      await page.locator("[role=alert]").filter({ hasText: /\S/ }).first().waitFor();
      await shoot(page, `second-step-wrong-${suffix}`);
      // The step of the code that confirmed the app is spent; the next one is right already.
      await page.locator("input[name=code]").fill(totp(secret, 1));
      await submit(page, "code");
      await page.waitForURL((url) => url.pathname === "/");
    });
    await report.step(`a recovery code signs in once, ${suffix}`, async () => {
      for (const good of [true, false]) {
        await signOut(page, javaScript);
        await firstStep(page, person, javaScript);
        await page.locator("a[href='/login/second?recovery=1']").click();
        await page.waitForURL((url) => url.searchParams.has("recovery"));
        await page.setViewportSize(SIZES.phone);
        report.equal(await overflow(page), 0, "the second step on a phone: pixels too wide");
        await page.setViewportSize(SIZES.desktop);
        await page.locator("input[name=code]").fill(good ? codes[0].toUpperCase() : codes[0]);
        await submit(page, "code");
        if (good) await page.waitForURL((url) => url.pathname === "/");
        else await page.locator("[role=alert]").filter({ hasText: /\S/ }).first().waitFor();
        if (!good) report.equal(new URL(page.url()).pathname, "/login/second", "where a used code leads");
      }
      await page.locator("input[name=code]").fill(codes[1]);
      await submit(page, "code");
      await page.waitForURL((url) => url.pathname === "/");
    });
    await report.step(`a link by mail asks for the second factor too, ${suffix}`, async () => {
      await signOut(page, javaScript);
      await open(page, "/login/link", javaScript);
      await page.locator("input[name=email]").fill(person.email);
      await submit(page, "email");
      await part(page, "dev-link").click();
      await part(page, "confirm-link").locator("button[type=submit]").click();
      await page.waitForURL((url) => url.pathname === "/login/second");
      await ready(page, javaScript);
      await page.locator("input[name=code]").fill(codes[2]);
      await submit(page, "code");
      await page.waitForURL((url) => url.pathname === "/");
    });
    await report.step(`the app is removed, ${suffix}`, async () => {
      await open(page, FACTORS, javaScript);
      await part(page, "remove-app").click();
      const form = page.locator("#app form");
      await form.locator("input[name=current_password]").fill(person.password);
      await form.locator("button[type=submit]").click();
      await part(page, "begin-totp").waitFor();
    });
    report.none(page.complaints, `the pages complain, ${suffix}`);
  } catch (error) {
    await shoot(page, `failed-factors-${suffix}`).catch(() => {});
    throw error;
  } finally {
    await browser.close();
  }
}

async function passkeys(report, origin) {
  const browser = await openBrowser({ origin });
  const { page } = browser;
  try {
    const chromium = await browser.context.newCDPSession(page);
    await chromium.send("WebAuthn.enable");
    const virtual = { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true };
    const { authenticatorId } = await chromium.send("WebAuthn.addVirtualAuthenticator", { options: virtual });
    const stored = async () => (await chromium.send("WebAuthn.getCredentials", { authenticatorId })).credentials;
    const person = await signUp(page, true);
    await report.step("a passkey is added, and is a second factor", async () => {
      await open(page, FACTORS, true);
      const form = part(page, "add-passkey");
      await form.locator("input[name=name]").fill("this laptop");
      await form.locator("input[name=current_password]").fill("not the password");
      await form.locator("button[type=submit]").click();
      await page.locator("[role=alert]").filter({ hasText: /\S/ }).first().waitFor();
      report.equal(await form.locator("input[name=name]").inputValue(), "this laptop", "the name stays");
      await form.locator("input[name=current_password]").fill(person.password);
      await form.locator("input[name=second_factor]").check();
      await form.locator("button[type=submit]").click();
      await part(page, "recovery-codes").waitFor();
      report.equal((await codesOf(page)).length, 10, "recovery codes");
      report.equal(await part(page, "passkey-row").count(), 1, "rows of passkeys");
      const [credential] = await stored();
      report.fact(credential?.isResidentCredential, "it lives on the authenticator");
      await shoot(page, "passkey-added");
      await page.setViewportSize(SIZES.narrow);
      report.equal(await overflow(page), 0, "passkeys at 320 px: pixels too wide");
      await shoot(page, "passkey-added-narrow");
      await page.setViewportSize(SIZES.desktop);
    });
    // From here on the suggestions would answer by themselves; a person who is not there does not.
    const present = (enabled) => chromium.send("WebAuthn.setAutomaticPresenceSimulation", { authenticatorId, enabled });
    await report.step("it signs in without name and password", async () => {
      await present(false);
      await signOut(page, true);
      await part(page, "passkey").waitFor();
      await shoot(page, "login-passkey");
      await present(true);
      // Either the suggestion or the button answers now.
      await part(page, "passkey").click({ timeout: 5000 }).catch(() => {});
      await page.waitForURL((url) => url.pathname === "/");
      await ready(page);
    });
    await report.step("it answers the second step", async () => {
      await present(false);
      await signOut(page, true);
      await firstStep(page, person, true);
      await part(page, "passkey").waitFor();
      await shoot(page, "second-step-passkey");
      await present(true);
      await part(page, "passkey").click();
      await page.waitForURL((url) => url.pathname === "/");
      const [credential] = await stored();
      report.fact(credential.signCount >= 3, "its counter went up", credential.signCount);
    });
    await report.step("it is removed, and does not sign in any more", async () => {
      await open(page, FACTORS, true);
      await part(page, "remove-passkey").click();
      const form = part(page, "passkey-row").locator("form");
      await form.locator("input[name=current_password]").fill(person.password);
      await form.locator("button[type=submit]").click();
      await page.waitForFunction(() => document.querySelectorAll("[data-testid=passkey-row]").length === 0);
      await present(false);
      await signOut(page, true);
      await present(true);
      await part(page, "passkey").click({ timeout: 5000 }).catch(() => {});
      await page.locator("[role=alert]").filter({ hasText: /\S/ }).first().waitFor();
      report.equal(new URL(page.url()).pathname, "/login", "where a removed passkey leads");
      await shoot(page, "passkey-removed");
    });
    report.none(
      page.complaints.filter((text) => !/401|403/.test(text)),
      "the pages complain",
    );
  } catch (error) {
    await shoot(page, "failed-passkeys").catch(() => {});
    throw error;
  } finally {
    await browser.close();
  }
}
