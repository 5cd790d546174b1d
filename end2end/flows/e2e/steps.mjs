// What a person does, in the words of the pages' stable names: form fields by name, parts by data-testid.
import { randomUUID } from "node:crypto";

/** In the browser, a form answers either by a page load (without WASM) or in place; both end with what the test waits for. */
export const part = (page, name) => page.getByTestId(name);

/** Presses the one button of a part that is to be seen now: a switch has one for each way. */
export const press = (page, name) => part(page, name).locator("button:visible").click();

/** Presses a switch whose choice is kept by the server, and waits until it is kept. */
export async function choose(page, name) {
  const kept = page.waitForResponse((response) => response.request().method() === "POST");
  await press(page, name);
  await kept;
}

/** Waits until the page's own code has taken over; without JavaScript there is nothing to wait for. */
export async function ready(page, javaScript = true) {
  await page.waitForLoadState("load");
  if (javaScript) await page.waitForFunction(() => document.documentElement.dataset.hydrated !== undefined);
}

export async function open(page, path, javaScript) {
  const response = await page.goto(path);
  await ready(page, javaScript);
  return response;
}

export function newPerson() {
  const username = `eve_${randomUUID().slice(0, 8)}`;
  return { username, email: `${username}@example.com`, full_name: "Eve Lindqvist", password: `weir and water ${username}` };
}

export async function fillRegistration(page, person, confirm = person.password) {
  for (const field of ["full_name", "username", "email", "password"]) await page.locator(`input[name=${field}]`).fill(person[field]);
  await page.locator("input[name=confirm_password]").fill(confirm);
}

export const submit = (page, field) => page.locator("form", { has: page.locator(`input[name=${field}]`) }).locator("button[type=submit]").click();

export async function signUp(page, javaScript) {
  const person = newPerson();
  await open(page, "/register", javaScript);
  await fillRegistration(page, person);
  await submit(page, "confirm_password");
  await page.waitForURL((url) => url.pathname === "/");
  await ready(page, javaScript);
  return person;
}

export async function createKey(page, name) {
  const form = part(page, "create-key");
  await form.locator("input[name=name]").fill(name);
  await form.locator("button[type=submit]").click();
  const shown = part(page, "new-key");
  await shown.waitFor();
  const secret = /wg-[0-9A-Za-z]{12}-[0-9A-Za-z]{43}-[0-9A-Za-z]{6}/.exec((await shown.innerText()) + ((await shown.getAttribute("value")) ?? ""));
  if (!secret) throw new Error(`no key in the new-key part: ${await shown.innerText()}`);
  return secret[0];
}

/** A call as a program makes it; the answer's status, headers and text. */
export async function call(origin, key, { model = "claude-steady", stream = true } = {}) {
  const response = await fetch(`${origin}/v1/messages`, {
    method: "POST",
    headers: { "x-api-key": key, "anthropic-version": "2023-06-01", "content-type": "application/json" },
    body: JSON.stringify({ model, max_tokens: 100, stream, messages: [{ role: "user", content: "How high is the water?" }] }),
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}
