// Administration in a browser, from the first run on: somebody is made an account and sets its password, is found, changed, disabled and enabled; a
// provider, a model and its price are added, called and changed; and what the pages say of all of it. Once with JavaScript, once without.
import { SIZES, openBrowser, overflow, shoot } from "../../lib/browser.mjs";
import { CREDENTIAL } from "../../lib/fake.mjs";
import { until } from "../../lib/process.mjs";
import { startWeirgate } from "../../lib/weirgate.mjs";
import { call, choose, createKey, newPerson, open, part, ready, submit } from "./steps.mjs";

const MODEL = "llama-brook";

export async function admin(report, fake) {
  for (const javaScript of [true, false]) {
    // Each begins with a server that nobody has set up.
    const weirgate = await startWeirgate({ name: `weirgate-admin-${javaScript ? "js" : "nojs"}` });
    try {
      await report.step(`administration, ${javaScript ? "with" : "without"} JavaScript`, () => life(report, weirgate, fake, javaScript));
    } finally {
      await weirgate.stop();
    }
  }
}

const send = (where, name) => part(where, name).locator("button[type=submit]").click();
const path = (page) => new URL(page.url()).pathname;
const EVERYBODY = "/admin/organizations/a0000000-0000-4000-8000-000000000000";
const notice = (page, tone) => page.locator(`main .notice-${tone}`).first().waitFor();
const rows = (page, name) => part(page, name).allInnerTexts();
const told = (page) => part(page, "audit-row").evaluateAll((rows) => rows.map((row) => row.dataset.action));

/** Asks by a button and confirms in the question that it opens. */
async function confirm(page, name) {
  await part(page, name).click();
  await part(page, `${name}-confirm`).click();
}

async function life(report, { origin, child }, fake, javaScript) {
  const suffix = javaScript ? "js" : "nojs";
  const [root, guest] = [await openBrowser({ origin, javaScript }), await openBrowser({ origin, javaScript })];
  // What is typed wrong, asked for without a right to it, or refused because the account is disabled, on purpose below.
  for (const { page } of [root, guest]) page.expected.push(/4\d\d.*\/_fn\//, /(403|404).*\/admin/, /403.*\/login/);
  const [boss, person] = [newPerson(), newPerson()];
  const step = (name, run) => report.step(`${name}, ${suffix}`, run);
  const shared = { javaScript, suffix, origin };
  try {
    await step("whoever comes first administers the server", () => first(report, root.page, child, boss, shared));
    await step("somebody is made an account and sets the password by the letter's link", () => made(report, root.page, guest.page, person, shared));
    const user = await step("they are found, made an auditor, disabled, enabled and signed out", () => changed(report, root.page, guest.page, person, shared));
    const provider = await step("a provider is added and tested", () => provided(report, root.page, fake, shared));
    const model = await step("a model is added, priced, called and priced anew", () => priced(report, root.page, shared));
    await step("its price is withdrawn and set again", () => withdrawn(report, root.page, model, shared));
    const organization = await step("an organization is limited to a model", () => limited(report, root.page, shared));
    await step("everybody's calls are limited", () => paced(report, root.page, shared));
    await step("the log says who did what, with before and after", () => logged(report, root.page, boss, person, shared));
    await step("what is only to read has real values", () => read(report, root.page, boss, shared));
    const pages = {
      users: "/admin/users",
      user,
      organizations: "/admin/organizations?personal=yes",
      organization,
      everybody: EVERYBODY,
      providers: "/admin/providers",
      provider,
      models: "/admin/models",
      model,
      "model-new": "/admin/models/new",
      audit: "/admin/audit",
      requests: "/admin/requests",
      limits: "/admin/limits",
      "sign-in": "/admin/sign-in",
      system: "/admin/system",
      offered: "/models",
      "organization-audit": "/organizations/brooks/audit",
      "organization-settings": "/organizations/brooks/settings",
    };
    await step("every page holds at every size, in both themes and languages", () => sizes(report, root.page, pages, shared));
    report.none(root.page.complaints, `the administrator's pages complain, ${suffix}`);
    report.none(guest.page.complaints, `the other's pages complain, ${suffix}`);
  } catch (error) {
    await shoot(root.page, `failed-admin-root-${suffix}`).catch(() => {});
    await shoot(guest.page, `failed-admin-guest-${suffix}`).catch(() => {});
    throw error;
  } finally {
    await root.close();
    await guest.close();
  }
}

async function first(report, page, child, boss, { javaScript }) {
  // The server prints the link when nobody administers it.
  const link = await until("the link to set up", () => /https?:\/\/\S+\/setup\?token=[\w-]+/.exec(child.tail)?.[0]);
  await page.goto(link);
  await ready(page, javaScript);
  for (const field of ["full_name", "username", "email", "password", "confirm_password"]) {
    const input = page.locator(`input[name=${field}]`);
    if (await input.count()) await input.fill(field === "confirm_password" ? boss.password : boss[field]);
  }
  await submit(page, "password");
  await page.waitForURL((url) => url.pathname === "/");
  await open(page, "/admin", javaScript);
  report.equal(path(page), "/admin/users", "where /admin leads");
  report.equal((await rows(page, "user-row")).length, 1, "people on a new server");
}

async function made(report, page, guest, person, { javaScript, suffix }) {
  await open(page, "/admin/users", javaScript);
  await part(page, "add-user").click();
  const form = part(page, "create-user");
  await form.locator("input[name=email]").fill("nobody");
  await form.locator("input[name=full_name]").fill(person.full_name);
  await send(page, "create-user");
  await page.locator("#new-email-wrong").waitFor();
  report.equal(await form.locator("input[name=full_name]").inputValue(), person.full_name, "what was typed stays");
  await shoot(page, `admin-user-wrong-${suffix}`);
  await form.locator("input[name=email]").fill(person.email);
  await form.locator("input[name=username]").fill(person.username);
  await send(page, "create-user");
  await page.waitForURL((url) => /^\/admin\/users\/[0-9a-f-]{36}$/.test(url.pathname));
  await notice(page, "good");
  await shoot(page, `admin-user-made-${suffix}`);
  await open(page, "/dev/mail", javaScript);
  const link = await page.locator(`[data-testid=letter][data-to="${person.email}"]`).first().getByTestId("letter-link").getAttribute("href");
  await guest.goto(link);
  await ready(guest, javaScript);
  const set = part(guest, "set-password");
  for (const input of await set.locator("input[type=password]").all()) await input.fill(person.password);
  await send(guest, "set-password");
  await guest.waitForURL((url) => url.pathname !== "/reset" || url.search === "");
  await signIn(guest, person, javaScript);
  report.equal(path(guest), "/", "where they are after signing in");
  report.equal((await guest.goto("/admin/users")).status(), 403, "the administration for a user");
}

async function signIn(page, person, javaScript) {
  await open(page, "/login", javaScript);
  await page.locator("input[name=email]").fill(person.email);
  await page.locator("input[name=password]").fill(person.password);
  await submit(page, "password");
  await page.waitForURL((url) => url.pathname !== "/login");
  await ready(page, javaScript);
}

async function changed(report, page, guest, person, { javaScript, suffix }) {
  await open(page, "/admin/users", javaScript);
  await part(page, "filter").locator("input[name=q]").fill(person.username.slice(0, 8).toUpperCase());
  await send(page, "filter");
  await page.waitForURL((url) => url.searchParams.get("q"));
  await ready(page, javaScript);
  const found = await rows(page, "user-row");
  report.fact(found.length === 1 && found[0].includes(person.email), "the search finds them alone", found);
  await part(page, "user-row").locator("a").first().click();
  await page.waitForURL((url) => /^\/admin\/users\/[0-9a-f-]{36}$/.test(url.pathname));
  await ready(page, javaScript);
  const user = path(page);

  await part(page, "set-role").locator("select").selectOption("read_only_admin");
  await send(page, "set-role");
  await notice(page, "good");
  await signIn(guest, person, javaScript);
  await open(guest, "/admin/users", javaScript);
  report.equal((await rows(guest, "user-row")).length, 2, "an auditor sees everybody");
  report.equal(await part(guest, "add-user").count(), 0, "an auditor may add people");
  await open(guest, user, javaScript);
  report.equal(await part(guest, "set-role").count(), 0, "an auditor may change people");

  await open(page, user, javaScript);
  await confirm(page, "disable");
  await part(page, "enable").waitFor();
  await shoot(page, `admin-user-disabled-${suffix}`);
  await open(guest, "/admin/users", javaScript);
  report.equal(path(guest), "/login", "where a disabled account is led");
  await part(page, "enable").click();
  await part(page, "disable").waitFor();
  await signIn(guest, person, javaScript);
  await open(page, user, javaScript);
  await confirm(page, "sign-out");
  await notice(page, "good");
  await open(guest, "/", javaScript);
  report.equal(path(guest), "/login", "where somebody who was signed out is led");
  return user;
}

async function provided(report, page, fake, { javaScript, suffix }) {
  await open(page, "/admin/providers", javaScript);
  await shoot(page, `admin-providers-empty-${suffix}`);
  const form = part(page, "create-provider");
  if (!(await form.isVisible())) await page.locator("main details summary").first().click();
  await form.locator("input[name=name]").fill("brook");
  await form.locator("select[name=dialect]").selectOption("anthropic");
  await form.locator("input[name=base_url]").fill(fake.url);
  await form.locator("input[name=credential]").fill(CREDENTIAL);
  await send(page, "create-provider");
  await page.locator("#base_url-wrong").waitFor();
  report.equal(await form.locator("input[name=credential]").inputValue(), "", "a credential comes back with the form");
  await form.locator("input[name=credential]").fill(CREDENTIAL);
  await form.locator("input[name=private]").check();
  await send(page, "create-provider");
  await page.waitForURL((url) => /^\/admin\/providers\/[0-9a-f-]{36}$/.test(url.pathname));
  await ready(page, javaScript);
  const provider = path(page);
  await part(page, "test-provider").click();
  await part(page, "test-result").waitFor();
  await shoot(page, `admin-provider-tested-${suffix}`);
  report.fact(!(await page.content()).includes(CREDENTIAL), "the credential is on no page");
  return provider;
}

async function priced(report, page, { javaScript, suffix, origin }) {
  await open(page, "/admin/models/new", javaScript);
  const form = part(page, "model-form");
  await form.locator("input[name=name]").fill(MODEL);
  await form.locator("input[name='typed[display_name]']").fill("Llama of the Brook");
  await form.locator("input[name='typed[capabilities]']").fill("tools vision");
  const route = part(page, "route-row").first();
  await route.locator("select").selectOption("brook");
  await route.locator("input[name='typed[upstream][]']").fill("fake:events=12");
  await send(page, "model-form");
  await page.waitForURL((url) => /^\/admin\/models\/[0-9a-f-]{36}$/.test(url.pathname));
  await ready(page, javaScript);
  const model = path(page);
  const price = async (input, output) => {
    await part(page, "set-price").locator("input[name=input]").fill(input);
    await part(page, "set-price").locator("input[name=output]").fill(output);
    await send(page, "set-price");
  };
  await price("cheap", "15.00");
  await page.locator("#input-wrong").waitFor();
  await price("3.00", "15.00");
  await notice(page, "good");
  await open(page, "/keys", javaScript);
  const key = await createKey(page, `brook ${suffix}`);
  report.equal((await call(origin, key, { model: MODEL })).status, 200, "a call of the new model");
  const cost = async () => {
    await open(page, "/", javaScript);
    return (await rows(page, "call-row")).map((row) => /\$\s?([\d.]+)/.exec(row)?.[1]);
  };
  const one = await until("the call with its cost", async () => (await cost()).length === 1 && (await cost())[0], { every: 200 });
  report.fact(Number(one) > 0, "the call is priced", one);
  await open(page, model, javaScript);
  await price("30.00", "150.00");
  await notice(page, "good");
  const versions = await rows(page, "price-row");
  report.fact(versions.length === 2 && /30\.00/.test(versions[0]) && /15\.00/.test(versions[1]), "the new version is first", versions);
  report.equal((await call(origin, key, { model: MODEL })).status, 200, "a call by the new price");
  const both = await until("both calls", async () => (await cost()).length === 2 && (await cost()), { every: 200 });
  report.fact(Number(both[0]) > 5 * Number(both[1]), "the later call cost ten times as much, the earlier one as before", both);
  report.equal(both[1], one, "the cost of the earlier call");
  await open(page, "/models", javaScript);
  const offered = await rows(page, "offered-row");
  report.fact(offered.length === 1 && offered[0].includes(MODEL) && /Available/.test(offered[0]), "the model with its state", offered);
  return model;
}

async function withdrawn(report, page, model, { javaScript, suffix }) {
  await open(page, model, javaScript);
  await confirm(page, "withdraw-price");
  await notice(page, "good");
  report.equal(await part(page, "withdraw-price").count(), 0, "a withdrawn price can be withdrawn");
  const versions = await rows(page, "price-row");
  report.fact(versions.length === 3 && /withdrawn/.test(versions[0]), "a version says so", versions);
  await shoot(page, `admin-model-withdrawn-${suffix}`);
  await open(page, "/models", javaScript);
  report.fact(/unpriced/.test((await rows(page, "offered-row"))[0]), "everybody sees that it is unpriced");
  await open(page, model, javaScript);
  await part(page, "set-price").locator("input[name=input]").fill("3.00");
  await part(page, "set-price").locator("input[name=output]").fill("15.00");
  await send(page, "set-price");
  await notice(page, "good");
}

async function limited(report, page, { javaScript }) {
  await open(page, "/admin/models/new", javaScript);
  const form = part(page, "model-form");
  await form.locator("input[name=name]").fill("llama-pond");
  await part(page, "route-row").first().locator("input[name='typed[upstream][]']").fill("fake:events=3");
  await send(page, "model-form");
  await page.waitForURL((url) => /^\/admin\/models\/[0-9a-f-]{36}$/.test(url.pathname));
  await open(page, "/organizations", javaScript);
  const create = part(page, "create-organization");
  await create.locator("input[name=name]").fill("Brooks & Ponds");
  await create.locator("input[name=slug]").fill("brooks");
  await send(page, "create-organization");
  await page.waitForURL((url) => url.pathname === "/organizations/brooks");
  await open(page, "/organizations/brooks/settings", javaScript);
  const models = part(page, "allow-models");
  await models.locator("summary").click();
  await models.locator("input[value='llama-pond']").check();
  await send(page, "allow-models");
  await page.locator("#models [role=status]").waitFor();
  report.fact(/llama-pond/.test(await part(page, "allowed").innerText()), "what it may use now");
  await open(page, "/admin/organizations", javaScript);
  await part(page, "organization-row").filter({ hasText: "Brooks" }).locator("a").first().click();
  await page.waitForURL((url) => /^\/admin\/organizations\/[0-9a-f-]{36}$/.test(url.pathname));
  await ready(page, javaScript);
  report.fact(/llama-pond/.test(await page.locator("main").innerText()), "administrators of the server see it too");
  return path(page);
}

async function paced(report, page, { javaScript, suffix }) {
  await open(page, EVERYBODY, javaScript);
  const field = (name) => part(page, "models").locator(`input[name='limits[${name}]']`);
  await field("max_parallel").fill("-3");
  await send(page, "models");
  await page.locator("[id='limits[max_parallel]-wrong']").waitFor();
  report.equal(await field("max_parallel").inputValue(), "-3", "what was typed stays");
  await field("rpm_limit").fill("1200");
  await field("max_parallel").fill("40");
  await send(page, "models");
  await notice(page, "good");
  report.equal(await part(page, "limits").innerText(), "Limits: Calls a minute: 1,200 · Calls at the same time: 40", "everybody's limits in words");
  await shoot(page, `admin-everybody-limited-${suffix}`);
}

async function logged(report, page, boss, person, { javaScript, suffix }) {
  await open(page, "/admin/audit", javaScript);
  const all = await told(page);
  for (const action of ["setup.completed", "user.created", "user.role_changed", "user.disabled", "user.enabled", "user.signed_out", "provider.created", "model.created", "price.changed", "organization.updated"]) {
    report.fact(all.includes(action), `a row of ${action}`, all);
  }
  await shoot(page, `admin-audit-${suffix}`);
  const form = part(page, "audit-filter");
  await form.locator("input[name=actor]").fill(boss.username);
  await form.locator("select").selectOption("price.");
  await send(page, "audit-filter");
  await page.waitForURL((url) => url.searchParams.get("action") === "price.");
  await ready(page, javaScript);
  const prices = await rows(page, "audit-row");
  report.equal(prices.length, 4, "changes of prices");
  report.fact(prices.every((row) => row.includes(MODEL) && row.includes(boss.username) && row.includes("127.0.0.1")), "who changed which price, from where", prices);
  report.fact(/3000000\s*→\s*30000000/.test(prices[2].replace(/\s+/g, " ")), "before and after", prices[2]);
  await open(page, `/admin/audit?action=organization.`, javaScript);
  report.fact((await rows(page, "audit-row")).some((row) => /allowed_models/.test(row) && /llama-pond/.test(row)), "the organization's list in the log");
  await open(page, `/admin/audit?action=user.role_changed`, javaScript);
  const roles = await rows(page, "audit-row");
  report.fact(roles.length === 1 && roles[0].includes(person.username) && /user → read_only_admin/.test(roles[0].replace(/\s+/g, " ")), "the role before and after", roles);
}

async function read(report, page, boss, { javaScript }) {
  const text = async (where) => {
    await open(page, where, javaScript);
    return (await page.locator("main").innerText()).replace(/\s+/g, " ");
  };
  const requests = await until("a request in the log", async () => {
    await fetch(new URL("/api/v1/models", page.url()));
    await open(page, "/admin/requests", javaScript);
    const found = await rows(page, "request-row");
    return found.length > 0 && found;
  }, { every: 300 });
  report.fact(requests.some((row) => /GET \/api\/v1\/models/.test(row.replace(/\s+/g, " ")) && /401/.test(row)), "a request that was refused", requests[0]);
  const limits = await text("/admin/limits");
  report.fact((await rows(page, "limit-row")).length >= 8 && /1,000,000|100,000,000/.test(limits), "limits as they are set", limits.slice(0, 300));
  const ways = await text("/admin/sign-in");
  report.fact(/Open to everybody/.test(ways) && /E-mail and password/.test(ways), "ways to sign in", ways.slice(0, 300));
  const system = await text("/admin/system");
  report.fact(/SQLite 3\./.test(system) && /Development/.test(system) && system.includes(new URL(page.url()).origin), "the server itself", system.slice(0, 300));
}

async function sizes(report, page, pages, { javaScript, suffix }) {
  const look = async (name, lang, viewport, theme) => {
    await page.setViewportSize(viewport);
    await open(page, pages[name], javaScript);
    report.equal(await overflow(page), 0, `${name} at ${viewport.width} px, ${lang}, ${theme}: pixels too wide`);
    await shoot(page, `admin-${name}-${viewport.width}-${lang}-${theme}-${suffix}`);
  };
  for (const lang of ["en", "ru"]) {
    for (const name of Object.keys(pages)) {
      await look(name, lang, SIZES.desktop, "light");
      await look(name, lang, SIZES.narrow, "light");
    }
    await page.setViewportSize(SIZES.desktop);
    await open(page, "/admin/users", javaScript);
    await choose(page, "language");
    await until("the other language", async () => (await page.locator("html").getAttribute("lang")) !== lang);
  }
  await open(page, "/admin/users", javaScript);
  await choose(page, "theme");
  for (const name of Object.keys(pages)) {
    await look(name, "en", SIZES.desktop, "dark");
    await look(name, "en", SIZES.narrow, "dark");
  }
  await page.setViewportSize(SIZES.desktop);
}
