// One's own account: another name and picture, a mistake beside its field, and leaving for good.
import { openBrowser, shoot } from "../../lib/browser.mjs";
import { open, part, ready, signUp } from "./steps.mjs";

export async function profile(report, origin, { javaScript }) {
  const suffix = javaScript ? "js" : "nojs";
  const browser = await openBrowser({ origin, javaScript });
  const { page } = browser;
  const section = (id) => page.locator(`section#${id}`);
  const save = async () => {
    await section("profile").locator("button[type=submit]").click();
    await page.waitForURL((url) => url.pathname === "/settings");
    await ready(page, javaScript);
  };
  try {
    const person = await signUp(page, javaScript);
    await report.step("a new name is saved and shown", async () => {
      await open(page, "/settings", javaScript);
      await section("profile").locator("input[name=full_name]").fill("Maren Holt");
      await save();
      report.fact(await section("profile").getByText("Saved.").isVisible(), "it says that it was saved");
      report.equal(await section("profile").locator("input[name=full_name]").inputValue(), "Maren Holt", "the name in the form");
      report.equal((await part(page, "user-menu").innerText()).trim(), "MH", "the initials in the header");
    });
    await report.step("a mistake stands beside its field and what was typed stays", async () => {
      await section("profile").locator("input[name=username]").fill("a");
      await save();
      const field = section("profile").locator("input[name=username]");
      report.equal(await field.getAttribute("aria-invalid"), "true", "the field is marked");
      report.equal(await field.inputValue(), "a", "what was typed");
      report.fact(await section("profile").locator(".wrong").isVisible(), "the mistake is said");
      await shoot(page, `profile-mistake-${suffix}`);
    });
    const leave = async (password) => {
      await open(page, "/settings", javaScript);
      const card = section("delete");
      if (!(await card.locator("form").isVisible())) await card.locator("summary").click();
      await card.locator("input[name=password]").fill(password);
      await card.locator("button[type=submit]").click();
    };
    await report.step("leaving needs the right password", async () => {
      await leave("not the password");
      await page.waitForURL((url) => url.pathname === "/settings");
      await ready(page, javaScript);
      report.fact(await section("delete").locator(".wrong, [role=alert]").first().isVisible(), "the refusal is said where it was asked");
      await shoot(page, `leave-refused-${suffix}`);
    });
    await report.step("leaving ends the session and the account", async () => {
      await leave(person.password);
      await page.waitForURL((url) => url.pathname === "/login");
      await open(page, "/", javaScript);
      report.equal(new URL(page.url()).pathname, "/login", "signed out");
      await page.locator("input[name=email]").first().fill(person.email);
      await page.locator("input[name=password]").fill(person.password);
      await page.locator("form", { has: page.locator("input[name=password]") }).locator("button[type=submit]").click();
      await page.waitForURL((url) => url.pathname === "/login");
      report.fact(await page.locator("[role=alert]").first().isVisible(), "the account is not there any more");
    });
    report.none(page.complaints, "what the pages complain about");
  } finally {
    await browser.close();
  }
}
