// Passkeys: forms marked data-passkey="get" or "create" are sent with what the browser's authenticator answered.
const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const START = { get: "/api/v1/auth/passkeys/sign-in/start", create: "/api/v1/auth/passkeys/register/start" };
// A ceremony is good for five minutes; one that waits in the suggestions is replaced before.
const WAITING = 240_000;
let waiting;

async function ceremony(kind, password) {
  const body = kind === "create" ? { headers: { "content-type": "application/json" }, body: JSON.stringify({ current_password: password }) } : {};
  const reply = await fetch(START[kind], { method: "POST", ...body });
  const begun = await reply.json();
  if (!reply.ok) throw Object.assign(new Error(begun.detail), { code: begun.code });
  const options = begun.options.publicKey;
  options.challenge = bytes(options.challenge);
  if (options.user) options.user.id = bytes(options.user.id);
  for (const known of [...(options.excludeCredentials ?? []), ...(options.allowCredentials ?? [])]) known.id = bytes(known.id);
  return { token: begun.ceremony, options };
}

function send(form, token, credential) {
  const { response } = credential;
  const answer = { clientDataJSON: text(response.clientDataJSON) };
  for (const part of ["attestationObject", "authenticatorData", "signature", "userHandle"]) if (response[part]) answer[part] = text(response[part]);
  const id = text(credential.rawId);
  form.elements.ceremony.value = token;
  form.elements.credential.value = JSON.stringify({ id, rawId: id, type: credential.type, response: answer, clientExtensionResults: {} });
  if (form.elements.current_password) form.elements.current_password.disabled = true;
  form.submit();
}

function give_up(form, button, error) {
  button.ariaBusy = null;
  // The person said no, or let it pass.
  if (error.name === "NotAllowedError" || error.name === "AbortError") return;
  const codes = { InvalidStateError: "conflict", SecurityError: "not_supported", NotSupportedError: "not_supported" };
  form.elements.failed.value = error.code && typeof error.code === "string" ? error.code : (codes[error.name] ?? "invalid_passkey");
  if (form.elements.current_password) form.elements.current_password.disabled = true;
  form.submit();
}

async function suggest(form) {
  if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
  try {
    const { token, options } = await ceremony("get");
    waiting = new AbortController();
    const again = setTimeout(() => (waiting.abort(), suggest(form)), WAITING);
    const credential = await navigator.credentials.get({ publicKey: options, mediation: "conditional", signal: waiting.signal });
    clearTimeout(again);
    send(form, token, credential);
  } catch {
    // Nobody asked for it by hand, so nobody is told.
  }
}

if (globalThis.PublicKeyCredential) {
  document.documentElement.dataset.passkeys = "";
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const kind = form.dataset.passkey;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const button = event.submitter ?? form.querySelector("button[type=submit]");
      if (button.ariaBusy === "true") return;
      button.ariaBusy = "true";
      waiting?.abort();
      try {
        const { token, options } = await ceremony(kind, form.elements.current_password?.value);
        send(form, token, await navigator.credentials[kind]({ publicKey: options }));
      } catch (error) {
        give_up(form, button, error);
      }
    });
    if (form.dataset.conditional !== undefined) suggest(form);
  }
}
for (const button of document.querySelectorAll("button[data-print]")) button.addEventListener("click", () => print());
