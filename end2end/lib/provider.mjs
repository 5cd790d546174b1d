// A certified OpenID provider (npm oidc-provider) on loopback, with a sign-in page of its own: any login name is a person, its password is not asked for.
import { generateKeyPairSync, randomBytes } from "node:crypto";
import http from "node:http";

import Provider from "oidc-provider";

const CLIENT = "weirgate";

/** @param redirects where it may send people back to; @param groups login → names of groups */
export async function startProvider({ redirects, groups = {} }) {
  const server = http.createServer();
  await new Promise((resolve, reject) => server.listen(0, "localhost", resolve).on("error", reject));
  // Another site than 127.0.0.1, so that cookies behave as they do between two hosts.
  const issuer = `http://localhost:${server.address().port}`;
  const secret = randomBytes(24).toString("base64url");
  const key = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "jwk" });
  const provider = new Provider(issuer, {
    clients: [{ client_id: CLIENT, client_secret: secret, redirect_uris: redirects, response_types: ["code"], grant_types: ["authorization_code"] }],
    jwks: { keys: [{ ...key, kid: "e2e", use: "sig", alg: "RS256" }] },
    cookies: { keys: [randomBytes(24).toString("hex")] },
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name", "groups"] },
    pkce: { required: () => true, methods: ["S256"] },
    ttl: { Interaction: 600, Session: 600, Grant: 600, AccessToken: 60, IdToken: 60 },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_, login) => ({
      accountId: login,
      claims: () => ({ sub: login, email: `${login}@example.com`, email_verified: !login.startsWith("unverified"), name: `The ${login}`, groups: groups[login] ?? [] }),
    }),
    // Who signs in agrees to what is asked.
    loadExistingGrant: async (context) => {
      const grant = new context.oidc.provider.Grant({ clientId: context.oidc.client.clientId, accountId: context.oidc.session.accountId });
      grant.addOIDCScope("openid email profile");
      await grant.save();
      return grant;
    },
  });
  const handle = provider.callback();
  server.on("request", (request, response) => {
    if (!request.url.startsWith("/interaction/")) return handle(request, response);
    return interaction(provider, request, response).catch((error) => response.writeHead(500).end(String(error)));
  });
  return { issuer, client: CLIENT, secret, close: () => new Promise((resolve) => (server.closeAllConnections(), server.close(resolve))) };
}

async function interaction(provider, request, response) {
  if (request.method === "POST") {
    let body = "";
    for await (const chunk of request) body += chunk;
    const form = new URLSearchParams(body);
    const result = form.has("cancel") ? { error: "access_denied", error_description: "<b>not today</b>" } : { login: { accountId: form.get("login") } };
    return provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
  }
  response.writeHead(200, { "content-type": "text/html; charset=utf-8" });
  response.end(`<!doctype html><html lang="en"><title>Provider</title><link rel="icon" href="data:,"><body><h1>The provider</h1>
    <form method="post"><input name="login" aria-label="login"><button name="go">Sign in</button><button name="cancel" formnovalidate>Cancel</button></form></body></html>`);
}

/** The lines of `weirgate.toml`. */
export function asProvider(provider, id, more = "") {
  return [
    "[[sign_in_providers]]",
    `id = "${id}"`,
    'kind = "oidc"',
    'name = "Loopback"',
    `issuer = "${provider.issuer}"`,
    `client_id = "${provider.client}"`,
    `client_secret = "${provider.secret}"`,
    more,
    "",
  ].join("\n");
}
