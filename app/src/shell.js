// Time zone for the server's next page, forms that are sent once, and the islands' code.
document.cookie = `wg-zone=${Intl.DateTimeFormat().resolvedOptions().timeZone};path=/;max-age=31536000;samesite=lax`;
addEventListener("submit", (event) => {
  const button = event.submitter;
  if (event.defaultPrevented || !button) return;
  if (button.ariaBusy === "true") event.preventDefault();
  else button.ariaBusy = "true";
});
// A page that comes back from the browser's memory is not busy any more.
addEventListener("pageshow", () => document.querySelectorAll("[aria-busy]").forEach((button) => (button.ariaBusy = null)));
const wasm = fetch(WASM);
const code = await import(SCRIPT);
await code.default({ module_or_path: wasm });
code.hydrate();
for (const island of document.querySelectorAll("leptos-island")) await code[island.dataset.component]?.(island);
document.documentElement.dataset.hydrated = "";
