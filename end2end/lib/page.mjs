// docs/reference/clients.md: written from what a run found, and compared with what the next one finds.
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import { HERE } from "./process.mjs";

const PAGE = path.join(HERE, "../docs/reference/clients.md");
const INTRODUCTION = `# Clients

Written by \`cargo xtask test clients --all --write\`; do not edit. Each client runs unmodified in an empty home folder, set up by nothing but its
recipe (\`weirgate connect <recipe>\`, the page *Connect*), and answers a prompt whole (*plain*) and *streamed*, and with two *tool* calls at once
whose results it brings back. ✓ means that the whole answer arrived and that each call's row has the provider's counts; *same counts*, that the
client itself reports the same; –, that the client does not work so. Rows marked † run with \`--all\` only and are as that run last left them.

Not run: Cline (its packages need a newer Node), Continue, and those without a command line (Cline in VS Code, Zed, Cursor). Their recipes follow
what was measured once or their documentation.
`;

/** Each part of the page, and the rows that one client has in it: the first cells name a row, the rest is what was found. */
const PARTS = [
  {
    title: "A provider of the client's own format",
    head: ["recipe", "client", "version", "calls", "plain", "streamed", "tools"],
    rows: (found) => [[found.name, found.version, found.paths.map((path) => `\`${path}\``).join("<br>"), ...Object.values(found.works)]],
  },
  {
    title: "A LiteLLM proxy behind Weirgate",
    head: ["recipe", "plain", "streamed", "tools"],
    rows: (found) => (found.litellm ? [Object.values(found.litellm)] : []),
  },
  {
    title: "A provider of another format",
    head: ["recipe", "provider's format", "plain", "streamed", "tools"],
    named: 2,
    rows: (found) => Object.entries(found.translated).map(([format, works]) => [format, ...Object.values(works)]),
  },
  {
    title: "Refusals",
    text: "*Our words* means that the client's user reads why the call was refused, and what to do.",
    head: ["recipe", "bad key (401)", "unknown model (404)", "rate limit (429, `retry-after: 1`)"],
    rows: (found) => [[found.refusals[401], found.refusals[404], found.refusals[429]]],
  },
];

const row = (cells) => `| ${cells.join(" | ")} |`;

function name(found) {
  return `\`${found.id}\`${found.large ? " †" : ""}`;
}

/** The page with what was found in place of what it says; clients that did not run stay as they are, and those that are gone go. */
function renewed(before, clients, known) {
  const parts = [INTRODUCTION];
  for (const { title, text, head, rows, named = 1 } of PARTS) {
    const key = (line) => line.split(" | ").slice(0, named).join(" | ");
    const section = before.split(`## ${title}\n`)[1]?.split("\n## ")[0] ?? "";
    const earlier = (section.match(/^\| `.*\|$/gm) ?? []).filter((line) => known.includes(line.split("`")[1]));
    const kept = new Map(earlier.map((line) => [key(line), line]));
    for (const found of clients) {
      const lines = rows(found).map((cells) => row([name(found), ...cells]));
      // A client that ran has the rows of this run and no others; without LiteLLM there was nothing to find of that part.
      if (lines.length > 0 || named > 1) for (const old of kept.keys()) if (old.startsWith(`| ${name(found)}`)) kept.delete(old);
      for (const line of lines) kept.set(key(line), line);
    }
    if (kept.size === 0) continue;
    const lines = [...kept.keys()].sort().map((one) => kept.get(one));
    parts.push([`## ${title}`, "", ...(text ? [text, ""] : []), row(head), `|${"---|".repeat(head.length)}`, ...lines, ""].join("\n"));
  }
  return parts.join("\n");
}

function onDisk() {
  try {
    return readFileSync(PAGE, "utf8");
  } catch {
    return "";
  }
}

/** `known`: the ids of all clients there are, those that did not run included. */
export function write(clients, known) {
  writeFileSync(PAGE, renewed(onDisk(), clients, known));
  console.log(`wrote ${PAGE}`);
}

/** Line by line, so that one difference shows itself. */
export function agrees(report, clients, known) {
  const said = onDisk();
  const [saidLines, seenLines] = [said, renewed(said, clients, known)].map((text) => text.split("\n"));
  const one = "docs/reference/clients.md (`cargo xtask test clients --write` writes it)";
  report.none(saidLines.filter((line) => !seenLines.includes(line)), `${one}: not what was seen`);
  report.none(seenLines.filter((line) => !saidLines.includes(line)), `${one}: was seen`);
}
