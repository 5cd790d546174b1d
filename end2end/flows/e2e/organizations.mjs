// Organizations in two browsers: made, somebody invited who signs up by it, a team and its key, a call that the owner sees, the way out.
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";

import { SIZES, openBrowser, overflow, shoot } from "../../lib/browser.mjs";
import { until } from "../../lib/process.mjs";
import { fakeProviders, startWeirgate } from "../../lib/weirgate.mjs";
import { totp } from "./factors.mjs";
import { call, newPerson, open, part, ready, signUp, submit } from "./steps.mjs";

const MODELS = ["claude-steady", "claude-brief"];
const KEY = /wg-[0-9A-Za-z]{12}-[0-9A-Za-z]{43}-[0-9A-Za-z]{6}/;

export async function organizations(report, fake) {
  const weirgate = await startWeirgate({ name: "weirgate-organizations", providers: fakeProviders(fake) });
  try {
    for (const javaScript of [true, false]) {
      await report.step(`an organization's life, ${javaScript ? "with" : "without"} JavaScript`, () => life(report, weirgate.origin, javaScript));
    }
  } finally {
    await weirgate.stop();
  }
}

/** Presses the one button of a part's form. */
const send = (page, name) => part(page, name).locator("button[type=submit]").click();
const path = (page) => new URL(page.url()).pathname;
const here = (page, where) => page.waitForURL((url) => url.pathname === where);
const row = (page, kind, email) => page.locator(`[data-testid=${kind}][data-email="${email}"]`);
const notice = (page, tone) => page.locator(`main .notice-${tone}`).first().waitFor();

/** Asks by the button in a row and confirms in the question that it opens. */
async function confirm(where, name) {
  await where.getByTestId(name).click();
  await where.getByTestId(`${name}-confirm`).click();
}

async function life(report, origin, javaScript) {
  const suffix = javaScript ? "js" : "nojs";
  const [owner, guest] = [await openBrowser({ origin, javaScript }), await openBrowser({ origin, javaScript })];
  for (const { page } of [owner, guest]) {
    // What is typed wrong, asked for without a right to it, or over, on purpose below.
    page.expected.push(/4\d\d.*\/_fn\//, /(403|404|410).*\/(organizations|invitations)\//);
  }
  const slug = `acme-${randomUUID().slice(0, 8)}`;
  const at = (below = "") => `/organizations/${slug}${below}`;
  const person = newPerson();
  try {
    const boss = await signUp(owner.page, javaScript);
    await report.step(`an organization is made, ${suffix}`, () => made(report, owner.page, { slug, at, javaScript, suffix }));
    await report.step(`somebody without an account is invited, signs up by it and belongs, ${suffix}`, async () => {
      const link = await invited(report, owner.page, person.email, { at, javaScript, suffix });
      await accepted(report, guest.page, person, link, { slug, at, javaScript, suffix });
      await open(owner.page, at("/invitations"), javaScript);
      report.fact((await row(owner.page, "invitation-row", person.email).innerText()).includes("accepted"), "the list says what became of it");
    });
    await report.step(`a member is offered what members may, ${suffix}`, () => offered(report, guest.page, { at, javaScript }));
    const team = await report.step(`a team is made and somebody added, ${suffix}`, () => teamed(report, owner.page, person, { at, javaScript, suffix }));
    const key = await report.step(`its member makes a key that may call two models, ${suffix}`, () => keyed(report, guest.page, origin, { at, javaScript, suffix }));
    await report.step(`the owner sees what the member used, ${suffix}`, () => seen(report, owner.page, person, { at, javaScript, suffix }));
    await report.step(`a member sees what they used, day by day, ${suffix}`, async () => {
      await open(guest.page, at("/usage"), javaScript);
      report.equal(await part(guest.page, "sums-row").filter({ hasText: person.username }).count(), 0, "sums by member for a member");
      report.fact((await guest.page.locator("main .chart").count()) > 0, "a member has a chart of their own");
      await shoot(guest.page, `organization-usage-member-${suffix}`);
    });
    await report.step(`the owner reads who did what, ${suffix}`, () => told(report, owner.page, boss, person, { at, javaScript, suffix }));
    await report.step(`every page holds at every size, in both themes' colours and languages, ${suffix}`, () =>
      sizes(report, owner.page, { at, team, javaScript, suffix }));
    await report.step(`a team's calls are limited, ${suffix}`, () => limited(report, owner.page, origin, key, { at, team, javaScript, suffix }));
    await report.step(`a role is changed, ${suffix}`, async () => {
      await open(owner.page, at(), javaScript);
      const member = row(owner.page, "member-row", person.email);
      await member.locator("select[name=role]").selectOption("admin");
      await member.getByTestId("change-role").locator("button").click();
      await notice(owner.page, "good");
      report.equal(await member.locator("select[name=role]").inputValue(), "admin", "the role after it");
      await open(guest.page, at("/invitations"), javaScript);
      report.equal(await part(guest.page, "invite").count(), 1, "an admin may invite");
      report.equal(await guest.page.locator("select[name=role] option[value=owner]").count(), 0, "an admin may invite owners");
    });
    await report.step(`a removed member's key is refused, ${suffix}`, async () => {
      await open(owner.page, at(), javaScript);
      await confirm(row(owner.page, "member-row", person.email), "remove");
      await notice(owner.page, "good");
      await until("the key to be refused", async () => (await call(origin, key, { stream: false })).status === 401, { limit: 5000 });
      const answer = await open(guest.page, at(), javaScript);
      report.equal(answer.status(), 404, "its pages for who was removed");
      await open(owner.page, at("/audit?action=member."), javaScript);
      report.equal(await actions(owner.page), ["member.removed", "member.role_changed", "member.added"], "what happened to members");
      await shoot(guest.page, `organization-stranger-${suffix}`);
    });
    await report.step(`a link is shown once, taken back and made anew, ${suffix}`, () =>
      linked(report, owner.page, guest.page, { at, javaScript, suffix }));
    await report.step(`a second factor is asked for, and who has none may leave, ${suffix}`, () =>
      secured(report, owner.page, guest.page, boss, { slug, at, javaScript, suffix }));
    await report.step(`somebody with a confirmed address is added at once, ${suffix}`, async () => {
      await open(owner.page, at(), javaScript);
      await part(owner.page, "add-member").locator("input[name=email]").fill(person.email);
      await send(owner.page, "add-member");
      await row(owner.page, "member-row", person.email).waitFor();
    });
    await report.step(`it gets another slug, then an end, ${suffix}`, () => ended(report, owner.page, { slug, at, javaScript, suffix }));
    report.none(owner.page.complaints, `the owner's pages complain, ${suffix}`);
    report.none(guest.page.complaints, `the guest's pages complain, ${suffix}`);
  } catch (error) {
    await shoot(owner.page, `failed-organizations-owner-${suffix}`).catch(() => {});
    await shoot(guest.page, `failed-organizations-guest-${suffix}`).catch(() => {});
    throw error;
  } finally {
    await owner.close();
    await guest.close();
  }
}

async function made(report, page, { slug, at, javaScript, suffix }) {
  await open(page, "/organizations", javaScript);
  report.equal(await part(page, "organization-row").count(), 1, "organizations of a new account");
  const form = part(page, "create-organization");
  await form.locator("input[name=name]").fill("Acme Research");
  await form.locator("input[name=slug]").fill("Not a Slug");
  await send(page, "create-organization");
  await page.locator("#slug-wrong").waitFor();
  report.equal(await form.locator("input[name=name]").inputValue(), "Acme Research", "what was typed stays");
  report.equal(await form.locator("input[name=slug]").inputValue(), "Not a Slug", "the wrong one stays too");
  await shoot(page, `organizations-wrong-${suffix}`);
  await form.locator("input[name=slug]").fill(slug);
  await send(page, "create-organization");
  await here(page, at());
  await ready(page, javaScript);
  report.equal(await part(page, "member-row").count(), 1, "members of a new organization");
  await open(page, "/organizations", javaScript);
  await form.locator("input[name=name]").fill("Another");
  await form.locator("input[name=slug]").fill(slug);
  await send(page, "create-organization");
  await page.locator("#slug-wrong").waitFor();
  const menu = page.locator("#organizations");
  await part(page, "switch-organization").click();
  await menu.waitFor();
  await shoot(page, `organizations-switcher-${suffix}`);
  await menu.locator(`a[href='${at()}']`).click();
  await here(page, at());
  await ready(page, javaScript);
  report.fact((await part(page, "switch-organization").innerText()).includes("Acme Research"), "the header names the organization");
}

/** The link in the letter to somebody whom nobody could add. */
async function invited(report, page, email, { at, javaScript, suffix }) {
  await open(page, at(), javaScript);
  await part(page, "add-member").locator("input[name=email]").fill(email);
  await send(page, "add-member");
  await part(page, "invite-instead").waitFor();
  report.equal(await part(page, "add-member").locator("input[name=email]").inputValue(), email, "the address stays");
  await shoot(page, `members-unknown-${suffix}`);
  await part(page, "invite-instead").click();
  await here(page, at("/invitations"));
  await part(page, "invitation-sent").waitFor();
  await shoot(page, `invitation-sent-${suffix}`);
  const link = await part(page, "dev-link").getAttribute("href");
  await open(page, "/dev/mail", javaScript);
  const letter = page.locator(`[data-testid=letter][data-to="${email}"]`).first();
  report.equal(await letter.getByTestId("letter-link").getAttribute("href"), link, "the link in the letter");
  return link;
}

async function accepted(report, page, person, link, { slug, at, javaScript, suffix }) {
  await page.goto(link);
  await ready(page, javaScript);
  report.fact((await page.locator("main").innerText()).includes("Acme Research"), "the page says to what");
  for (const [size, viewport] of Object.entries(SIZES)) {
    await page.setViewportSize(viewport);
    report.equal(await overflow(page), 0, `an invitation at ${viewport.width} px: pixels too wide`);
    await shoot(page, `invitation-${size}-${suffix}`);
  }
  await page.setViewportSize(SIZES.desktop);
  const next = await part(page, "sign-in").getAttribute("href");
  report.equal(next, `/login?next=${new URL(link).pathname}`, "signing in leads back");
  await part(page, "sign-up").click();
  await here(page, "/register");
  await part(page, "invited").waitFor();
  await ready(page, javaScript);
  const address = page.locator("input[name=email]");
  report.equal(await address.inputValue(), person.email, "the address in the form");
  report.equal(await address.getAttribute("readonly"), "", "the address can be changed");
  const fill = async (confirm) => {
    for (const field of ["full_name", "username", "password"]) await page.locator(`input[name=${field}]`).fill(person[field]);
    await page.locator("input[name=confirm_password]").fill(confirm);
    await submit(page, "confirm_password");
  };
  await fill("something else");
  await page.locator("#confirm_password-wrong").waitFor();
  await ready(page, javaScript);
  report.equal(await page.locator("input[name=invitation]").inputValue(), link.split("/").at(-1), "the invitation stays in the form");
  report.equal(await address.inputValue(), person.email, "the address stays in the form");
  await shoot(page, `register-invited-wrong-${suffix}`);
  await fill(person.password);
  await here(page, "/organizations");
  await ready(page, javaScript);
  await page.locator(`main a[href='/organizations/${slug}']`).click();
  await here(page, at());
  await ready(page, javaScript);
  report.equal(await part(page, "member-row").count(), 2, "members");
  const again = await page.goto(link);
  report.equal(again.status(), 410, "a used invitation's status");
  await part(page, "dead-invitation").waitFor();
  await shoot(page, `invitation-used-${suffix}`);
  const nothing = await page.goto(`/invitations/${"A".repeat(43)}`);
  report.equal(nothing.status(), 404, "an unknown invitation's status");
}

async function offered(report, page, { at, javaScript }) {
  await open(page, at(), javaScript);
  report.equal(await part(page, "add-member").count(), 0, "members may add");
  report.equal(await part(page, "remove").count(), 0, "members may remove");
  report.equal(await part(page, "change-role").count(), 0, "members may change roles");
  report.equal(await part(page, "leave").count(), 1, "members may leave");
  const tabs = await page.locator(".tabs a").evaluateAll((links) => links.map((link) => link.getAttribute("href")));
  report.equal(tabs, [at(), at("/teams"), at("/keys"), at("/usage")], "tabs of a member");
  for (const closed of ["/invitations", "/audit", "/settings"]) {
    report.equal((await open(page, at(closed), javaScript)).status(), 403, `${closed} for a member`);
  }
  await open(page, at("/keys"), javaScript);
  report.equal(await part(page, "create-organization-key").count(), 0, "members without a team make keys");
  report.equal((await open(page, "/organizations/no-such-one", javaScript)).status(), 404, "an organization that is not there");
}

async function teamed(report, page, person, { at, javaScript, suffix }) {
  await open(page, at("/teams"), javaScript);
  const form = part(page, "create-team");
  const fill = async (name) => {
    await form.locator("input[name=name]").fill(name);
    if (!(await form.locator("details").evaluate((details) => details.open))) await form.locator("summary").click();
    for (const model of MODELS) await form.locator(`input[value='${model}']`).check();
    await send(page, "create-team");
  };
  await fill("");
  await page.locator("#name-wrong").waitFor();
  for (const model of MODELS) report.fact(await form.locator(`input[value='${model}']`).isChecked(), `${model} stays chosen after a mistake`);
  await fill("Search");
  await part(page, "save-team").waitFor();
  await ready(page, javaScript);
  const team = path(page);
  report.fact(team.startsWith(at("/teams/")), "the new team's page", team);
  const add = part(page, "add-team-member").locator("input[name=email]");
  await add.fill("nobody@example.com");
  await send(page, "add-team-member");
  await page.locator("#add-email-wrong").waitFor();
  report.equal(await page.locator("#others option").count(), 2, "addresses that are suggested");
  await add.fill(person.email);
  await send(page, "add-team-member");
  await row(page, "team-member-row", person.email).waitFor();
  await shoot(page, `team-${suffix}`);
  await open(page, at("/teams"), javaScript);
  await fill("Search");
  await page.locator("#name-wrong").waitFor();
  report.equal(await part(page, "team-row").count(), 1, "teams after a name was taken");
  return team;
}

async function keyed(report, page, origin, { at, javaScript, suffix }) {
  await open(page, at("/keys"), javaScript);
  const form = part(page, "create-organization-key");
  await form.locator("input[name=name]").fill(`search ${suffix}`);
  await form.locator("summary").click();
  for (const model of MODELS) await form.locator(`input[value='${model}']`).check();
  await send(page, "create-organization-key");
  const shown = part(page, "new-key");
  await shown.waitFor();
  const key = KEY.exec(await shown.innerText())?.[0];
  report.fact(key, "the key is shown");
  await shoot(page, `organization-key-shown-${suffix}`);
  await open(page, at("/keys"), javaScript);
  report.equal(await part(page, "new-key").count(), 0, "the shown key after a reload");
  const row = await part(page, "key-row").innerText();
  report.fact(row.includes("Search") && MODELS.every((model) => row.includes(model)), "the row has team and models", row);
  for (const model of MODELS) report.equal((await call(origin, key, { model })).status, 200, `a call to ${model}`);
  report.equal((await call(origin, key, { model: "claude-slow" })).status, 403, "a call to a model that neither key nor team allow");
  return key;
}

async function limited(report, page, origin, key, { at, team, javaScript, suffix }) {
  const field = (name) => part(page, "save-team").locator(`input[name='limits[${name}]']`);
  const save = async (values) => {
    await open(page, team, javaScript);
    for (const [name, value] of Object.entries(values)) await field(name).fill(value);
    await send(page, "save-team");
  };
  await save({ rpm_limit: "many", tpm_limit: "90000" });
  await page.locator("[id='limits[rpm_limit]-wrong']").waitFor();
  report.equal([await field("rpm_limit").inputValue(), await field("tpm_limit").inputValue()], ["many", "90000"], "what was typed stays after a mistake");
  await save({ rpm_limit: "0" });
  await page.locator("[id='limits[rpm_limit]-wrong']").waitFor();
  await save({ rpm_limit: "1", tpm_limit: "90000", max_parallel: "" });
  await notice(page, "good");
  report.equal(await part(page, "limits").innerText(), "Limits: Calls a minute: 1 · Tokens a minute: 90,000", "limits in words");
  await shoot(page, `team-limits-${suffix}`);
  const model = MODELS[0];
  report.equal((await call(origin, key, { model })).status, 200, "the minute's one call");
  const refused = await call(origin, key, { model });
  report.equal([refused.status, refused.headers.get("retry-after") !== null], [429, true], "the next one is told to wait");
  await open(page, at("/teams"), javaScript);
  report.fact((await part(page, "team-row").innerText()).includes("Calls a minute: 1"), "the list of teams tells limits");
  await save({ rpm_limit: "", tpm_limit: "" });
  await notice(page, "good");
  report.equal(await part(page, "limits").innerText(), "Limits: No limit", "limits that are taken away");
  report.equal((await call(origin, key, { model })).status, 200, "a call without limits");
}

async function seen(report, page, person, { at, javaScript, suffix }) {
  await open(page, at("/keys"), javaScript);
  const row = await part(page, "key-row").innerText();
  report.fact(row.includes(person.username) && row.includes("Search"), "the owner sees whose key it is", row);
  for (const [name, what] of [[person.username, "member"], ["Search", "team"]]) {
    await part(page, "key-row").getByRole("link", { name, exact: true }).click();
    await page.waitForURL((url) => url.searchParams.has(what));
    await page.getByText(`Keys: ${name}`).waitFor();
    report.equal(await part(page, "key-row").count(), 1, `keys of one ${what}`);
    await shoot(page, `organization-keys-of-${what}-${suffix}`);
    await page.getByRole("link", { name: "All keys" }).click();
    await page.waitForURL((url) => !url.search);
  }
  await until(
    "the member's sums",
    async () => {
      await open(page, at("/usage"), javaScript);
      return (await part(page, "sums-row").filter({ hasText: person.username }).count()) === 1;
    },
    { every: 200 },
  );
  const sums = await part(page, "sums-row").filter({ hasText: person.username }).innerText();
  report.fact(/\$\s?0\.0/.test(sums) && /\b2\b/.test(sums), "cost and two requests", sums);
  for (const model of MODELS) report.equal(await part(page, "sums-row").filter({ hasText: model }).count(), 1, `a line for ${model}`);
  await shoot(page, `organization-usage-${suffix}`);
}

const actions = (page) => part(page, "audit-row").evaluateAll((rows) => rows.map((row) => row.dataset.action));

async function told(report, page, boss, person, { at, javaScript, suffix }) {
  await open(page, at("/audit"), javaScript);
  const expected = ["key.created", "team.member_added", "team.created", "member.added", "invitation.created", "organization.created"];
  report.equal(await actions(page), expected, "what happened, newest first");
  const rows = await part(page, "audit-row").allInnerTexts();
  report.fact(rows[0].includes(person.username) && rows[0].includes("127.0.0.1"), "who made the key, and from where", rows[0]);
  report.fact(rows[2].includes("Search") && MODELS.every((model) => rows[2].includes(model)), "which team, with which models", rows[2]);
  report.fact(rows[4].includes(boss.username) && !rows[4].includes(person.email), "who invited, and no address", rows[4]);
  await shoot(page, `organization-audit-${suffix}`);

  const form = part(page, "audit-filter");
  const filter = async (fields) => {
    await open(page, at("/audit"), javaScript);
    for (const [name, value] of Object.entries(fields)) {
      if (name === "action") await form.locator("select").selectOption(value);
      else await form.locator(`input[name=${name}]`).fill(value);
    }
    await send(page, "audit-filter");
    await page.waitForURL((url) => url.search !== "");
    await ready(page, javaScript);
    return actions(page);
  };
  report.equal(await filter({ actor: person.email }), ["key.created", "member.added"], "what the member did");
  report.equal(await form.locator("input[name=actor]").inputValue(), person.email, "the filter stays in the form");
  report.equal(await filter({ action: "team." }), ["team.member_added", "team.created"], "what happened to teams");
  report.equal(await filter({ actor: person.username, action: "team." }), [], "what the member did to teams");
  report.equal(await filter({ to: "2020-01-01" }), [], "what happened before all of it");
  report.equal(await filter({ from: "2020-01-01" }), expected, "what happened since then");
  report.equal(await filter({ actor: "nobody-of-this-name" }), [], "what somebody unknown did");
  await open(page, at("/audit?action=key."), javaScript);
  await part(page, "audit-row").first().locator("a").first().click();
  await page.waitForURL((url) => url.searchParams.has("actor"));
  await ready(page, javaScript);
  report.equal(await form.locator("input[name=actor]").inputValue(), person.username, "a name in a row leads to what they did");
  await open(page, at("/audit?action=team."), javaScript);
  for (const format of ["csv", "json"]) {
    const saved = page.waitForEvent("download");
    await part(page, `export-${format}`).click();
    const lines = readFileSync(await (await saved).path(), "utf8").trim().split("\n");
    report.equal(lines.filter((line) => line.includes("team.")).length, 2, `rows in the file of ${format}`);
  }
}

async function sizes(report, page, { at, team, javaScript, suffix }) {
  const pages = {
    organizations: "/organizations",
    members: at(),
    invitations: at("/invitations"),
    teams: at("/teams"),
    team,
    keys: at("/keys"),
    usage: at("/usage"),
    audit: at("/audit"),
    settings: at("/settings"),
  };
  const locale = async (locale) => {
    const back = page.waitForResponse((response) => response.request().method() === "POST");
    await part(page, "language").locator("button").click();
    await back;
    await until(locale, async () => (await page.locator("html").getAttribute("lang")) === locale);
  };
  for (const lang of ["en", "ru"]) {
    for (const [size, viewport] of Object.entries(SIZES)) {
      await page.setViewportSize(viewport);
      for (const [name, where] of Object.entries(pages)) {
        await open(page, where, javaScript);
        report.equal(await overflow(page), 0, `${name} at ${viewport.width} px, ${lang}: pixels too wide`);
        await shoot(page, `organization-${name}-${size}-${lang}-${suffix}`);
      }
    }
    await page.emulateMedia({ colorScheme: "dark" });
    await open(page, pages.members, javaScript);
    await shoot(page, `organization-members-dark-${lang}-${suffix}`);
    await page.emulateMedia({ colorScheme: "light" });
    await page.setViewportSize(SIZES.desktop);
    await open(page, pages.members, javaScript);
    await locale(lang === "en" ? "ru" : "en");
  }
  await page.setViewportSize(SIZES.narrow);
  await open(page, at(), javaScript);
  await part(page, "switch-organization").click();
  const menu = page.locator("#organizations");
  await menu.waitFor();
  const box = await menu.boundingBox();
  report.fact(box.x >= 0 && box.x + box.width <= SIZES.narrow.width, "the switcher's menu stays in a narrow window", box);
  await page.setViewportSize(SIZES.desktop);
}

async function linked(report, owner, guest, { at, javaScript, suffix }) {
  const link = async (press) => {
    await open(owner, at("/invitations"), javaScript);
    await press();
    await owner.locator("#new-link").waitFor();
    return (await owner.locator("#new-link").innerText()).trim();
  };
  const byLink = () => part(owner, "invitation-row").filter({ hasText: "whoever has the link" }).first();
  const first = await link(() => send(owner, "invite"));
  await shoot(owner, `invitation-link-${suffix}`);
  await open(owner, at("/invitations"), javaScript);
  report.equal(await owner.locator("#new-link").count(), 0, "the link after a reload");
  const second = await link(() => byLink().getByTestId("resend").click());
  report.fact(second !== first, "another link in place of the first");
  report.equal((await guest.goto(first)).status(), 404, "the first link's status");
  await open(owner, at("/invitations"), javaScript);
  await confirm(byLink(), "revoke");
  await notice(owner, "good");
  report.equal((await guest.goto(second)).status(), 410, "a revoked link's status");
  const third = await link(() => send(owner, "invite"));
  await guest.goto(third);
  await ready(guest, javaScript);
  await send(guest, "accept");
  await here(guest, at());
  await ready(guest, javaScript);
  report.equal(await part(guest, "member-row").count(), 2, "members after the link was used");
}

async function secured(report, owner, guest, boss, { slug, at, javaScript, suffix }) {
  const second = owner.locator("#second-factor");
  await open(owner, at("/settings"), javaScript);
  report.equal(await second.locator("input[name=required]").count(), 0, "an owner without a second factor may ask for one");
  await open(owner, "/settings/factors", javaScript);
  const begin = part(owner, "begin-totp");
  await begin.locator("input[name=current_password]").fill(boss.password);
  await begin.locator("button[type=submit]").click();
  const code = part(owner, "confirm-totp");
  await code.waitFor();
  await code.locator("input[name=code]").fill(totp((await owner.locator("#totp-secret").innerText()).trim()));
  await code.locator("button[type=submit]").click();
  await part(owner, "recovery-codes").waitFor();
  await open(owner, at("/settings"), javaScript);
  await second.locator("input[name=required]").check();
  await second.locator("button[type=submit]").click();
  await second.locator("[role=status]").waitFor();
  report.fact(await second.locator("input[name=required]").isChecked(), "it is on");
  await shoot(owner, `organization-settings-${suffix}`);
  await open(guest, "/", javaScript);
  report.equal(path(guest), "/settings/factors", "where a member without a second factor is led from /");
  await shoot(guest, `organization-asks-for-factor-${suffix}`);
  await open(guest, "/organizations", javaScript);
  report.equal(path(guest), "/organizations", "the list stays open to them");
  const mine = part(guest, "organization-row").filter({ has: guest.locator(`a[href='/organizations/${slug}']`) });
  await confirm(mine, "leave");
  await notice(guest, "good");
  await open(guest, "/", javaScript);
  report.equal(path(guest), "/", "where / leads after leaving");
}

async function ended(report, page, { slug, at, javaScript, suffix }) {
  const later = `${slug}-2`;
  const general = page.locator("#general form");
  await open(page, at("/settings"), javaScript);
  await general.locator("input[name=name]").fill("Acme & Sons");
  await general.locator("input[name=slug]").fill("api");
  await general.locator("button[type=submit]").click();
  await page.locator("#slug-wrong").waitFor();
  report.equal(await general.locator("input[name=name]").inputValue(), "Acme & Sons", "what was typed stays");
  await general.locator("input[name=slug]").fill(later);
  await general.locator("button[type=submit]").click();
  await here(page, `/organizations/${later}/settings`);
  await ready(page, javaScript);
  report.equal((await page.locator("h1").innerText()).trim(), "Acme & Sons", "the new name");
  await open(page, at("/teams"), javaScript);
  report.equal(path(page), `/organizations/${later}/teams`, "where the old slug leads");
  await open(page, `/organizations/${later}/settings`, javaScript);
  const end = page.locator("#delete");
  await end.locator("summary").click();
  await end.locator("input[name=confirm_name]").fill("Acme");
  await end.locator("form button[type=submit]").click();
  await page.locator("#confirm_name-wrong").waitFor();
  report.equal(await end.locator("input[name=confirm_name]").inputValue(), "Acme", "the wrong name stays");
  await shoot(page, `organization-delete-${suffix}`);
  await end.locator("input[name=confirm_name]").fill("Acme & Sons");
  await end.locator("form button[type=submit]").click();
  await here(page, "/organizations");
  await notice(page, "good");
  await ready(page, javaScript);
  report.equal(await part(page, "organization-row").count(), 1, "organizations after it was deleted");
  report.equal((await open(page, `/organizations/${later}`, javaScript)).status(), 404, "a deleted organization");
}
