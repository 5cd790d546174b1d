// The account API as a client of it sees it: every reply is checked for its exact status.
import { randomUUID } from "node:crypto";

import { until } from "./process.mjs";

export class Account {
  constructor(origin, token, user) {
    Object.assign(this, { origin, token, user });
  }

  /** Signs a new person up. */
  static async register(origin, name = `u${randomUUID().slice(0, 8)}`) {
    const body = { email: `${name}@example.com`, password: `correct horse ${name}`, username: name, full_name: `The ${name}` };
    const reply = await request(`${origin}/api/v1/auth/register`, 201, { method: "POST", body });
    return Object.assign(new Account(origin, reply.access_token, reply.user), { password: body.password, email: body.email });
  }

  call(path, status, options = {}) {
    return request(`${this.origin}/api/v1/${path}`, status, { ...options, token: this.token });
  }

  createKey(name = "end to end") {
    return this.call("account/keys", 201, { method: "POST", body: { name } });
  }

  revokeKey(id) {
    return this.call(`account/keys/${id}`, 204, { method: "DELETE" });
  }

  async recent(limit = 100) {
    const reply = await this.call(`usage/recent?limit=${limit}`, 200);
    return reply.data ?? reply;
  }

  summary() {
    return this.call("usage/summary", 200);
  }

  /** A browser's session, by the form that a browser without JavaScript posts; the cookie as it is sent back. */
  async signInByForm() {
    const page = await (await fetch(`${this.origin}/login`)).text();
    const form = /<form[^>]*action="([^"]+)"[^>]*>(?:(?!<\/form>)[\s\S])*name="password"/.exec(page);
    if (!form) throw new Error("no sign-in form on /login");
    const response = await fetch(new URL(form[1].replaceAll("&amp;", "&"), this.origin), {
      method: "POST",
      redirect: "manual",
      headers: { origin: this.origin, "sec-fetch-site": "same-origin", referer: `${this.origin}/login`, accept: "text/html" },
      body: new URLSearchParams({ email: this.email, password: this.password }),
    });
    const cookie = response.headers.getSetCookie().find((cookie) => /^(__Host-)?wg=/.test(cookie));
    if (!cookie) throw new Error(`no session cookie after signing in: ${response.status} ${(await response.text()).slice(0, 600)}`);
    return cookie.split(";", 1)[0];
  }

  /** The overview's rows of calls as the server renders them: what a reader sees, by request id. */
  async shownCalls() {
    const response = await fetch(`${this.origin}/`, { headers: { cookie: await this.signInByForm() }, redirect: "manual" });
    const page = await response.text();
    if (response.status !== 200) throw new Error(`/ answered ${response.status}`);
    const rows = page.matchAll(/<tr[^>]*data-testid="call-row"[^>]*data-request="([^"]+)"[^>]*>([\s\S]*?)<\/tr>/g);
    return new Map([...rows].map(([, id, row]) => [id, row.replace(/<!--[\s\S]*?-->/g, "").replace(/<[^>]*>/g, " ").replace(/\s+/g, " ")]));
  }

  /** The rows of all calls so far, as soon as there are as many and none is open. */
  async settledCalls(count) {
    return until(`${count} settled rows`, async () => {
      const rows = await this.recent();
      return rows.length >= count && rows.every((row) => row.status !== "open") && rows;
    });
  }

  /** The rows of these calls, by request id, as soon as all of them are settled. */
  async settled(requestIds, limit = 15_000) {
    return until(
      `${requestIds.length} settled rows`,
      async () => {
        const rows = new Map((await this.recent()).map((row) => [row.request_id, row]));
        return requestIds.every((id) => rows.has(id) && rows.get(id).status !== "open") && rows;
      },
      { limit },
    );
  }
}

export async function request(url, status, { method = "GET", body, token, headers = {} } = {}) {
  const response = await fetch(url, {
    method,
    headers: {
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...headers,
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  if (response.status !== status) throw new Error(`${method} ${url}: ${response.status} instead of ${status}: ${text.slice(0, 600)}`);
  return text ? JSON.parse(text) : undefined;
}
