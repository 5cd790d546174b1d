// Real clients: which recipe each follows, how it is started for each kind of work, and what it says of it. Nothing here says where a server is.
import { readFileSync } from "node:fs";
import path from "node:path";

import { HERE, required } from "../lib/process.mjs";

export const WORKS = ["plain", "streamed", "tools"];
export const PROMPT = "Hello!";
const PLACES = ["Kama", "Volga"];
/** What tools say: the fake ends its answer with it. */
export const RESULTS = PLACES.map((place) => `41 cm at ${place}`);

/** A prompt for which the fake calls this tool, for both places at once. */
const calling = (tool, argumentsFor) => `How high is the water? ${PLACES.map((place) => `call:${tool}${JSON.stringify(argumentsFor(place))}`).join(" ")}`;
export const TOOLS_PROMPT = calling("height", (place) => ({ place }));
const shellPrompt = (tool, field, more = {}) => calling(tool, (place) => ({ [field]: `echo 41 cm at ${place}`, ...more }));

/** The format of a client's calls. */
export function speaks({ id }) {
  if (id === "codex" || id === "ai-sdk-openai") return "responses";
  return /anthropic|claude/.test(id) ? "messages" : "chat";
}

/** The version that is installed, from the package's own file. */
const npm = (name, folder = ".") => () => JSON.parse(readFileSync(path.join(HERE, folder, "node_modules", name, "package.json"), "utf8")).version;
/** The version that is pinned. */
const pip = (file, name) => () => new RegExp(`^${name}==(\\S+)$`, "m").exec(readFileSync(path.join(HERE, file), "utf8"))[1];

const installed = (name, folder = ".") => path.join(HERE, folder, "node_modules/.bin", name);
const beside = (variable, name) => path.join(path.dirname(required(variable)), name);
const works = (name) => path.join(HERE, "clients/works", name);

/** The JSON objects among the lines of an output. */
export function objects(text) {
  return text.split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
}

/** What a vendor's stream says, event by event. */
function words({ stdout }) {
  const events = stdout.split("\n").filter((line) => line.startsWith("data: {")).map((line) => JSON.parse(line.slice(6)));
  return events.map((event) => event.delta?.text ?? event.choices?.[0]?.delta.content ?? "").join("");
}

const curl = (id) => ({
  id,
  version: () => "any",
  works: { streamed: (recipe) => ["sh", ["-c", recipe.shell.at(-1)]] },
  answer: words,
  exits: false,
});

/** A library: one program does all work, what it says of it goes to stderr. */
const library = (id, start, more) => ({ id, program: start, more: readFileSync(works(more), "utf8") });
const node = (id, name, more) => ({ ...library(id, (recipe) => [process.execPath, [recipe.program]], more), version: npm(name) });
/** `streamText` reports errors to a function of its user's, and writes them to stderr without one. */
const aiSdk = (id, name) => ({ ...node(id, name, "ai-sdk.mjs"), exits: false });
const python = (id, file, name, variable, more) => ({
  ...library(id, (recipe) => [required(variable), [recipe.program]], more),
  version: pip(file, name),
});
const langchain = (id) => ({ ...python(id, "requirements-langchain.txt", id, "WEIRGATE_LANGCHAIN_PYTHON", "langchain.py"), large: true });

/** `llm -u` writes "3 input, 5 output" for each answer, cached tokens inside. */
function tokensOfLlm({ stderr }) {
  const told = [...stderr.matchAll(/([\d,]+) input, ([\d,]+) output/g)];
  return told.map(([, input, output]) => ({ input: Number(input.replaceAll(",", "")), output: Number(output.replaceAll(",", "")) }));
}

const llm = (id, countsCached) => {
  // The last line asks, those before it make the model known.
  const ask = (recipe, more) => ["sh", ["-c", `${recipe.shell.at(-1).split("\n").at(-1).replace(`"${PROMPT}"`, more)} -u`]];
  return {
    id,
    version: pip("requirements-llm.txt", id),
    path: () => path.dirname(required("WEIRGATE_LLM_PYTHON")),
    prepare: (recipe) => recipe.shell.at(-1).split("\n").slice(0, -1).map((line) => ["sh", ["-c", line]]),
    works: {
      plain: (recipe) => ask(recipe, `--no-stream '${PROMPT}'`),
      streamed: (recipe) => ask(recipe, `'${PROMPT}'`),
      tools: (recipe) => ask(recipe, `--functions ${works("height.py")} '${TOOLS_PROMPT}'`),
    },
    tokens: tokensOfLlm,
    countsCached,
  };
};

const codex = {
  id: "codex",
  version: npm("@openai/codex"),
  works: {
    streamed: () => [installed("codex"), ["exec", "--skip-git-repo-check", "--json", PROMPT]],
    tools: () => [
      installed("codex"),
      ["exec", "--skip-git-repo-check", "--json", "--sandbox", "danger-full-access", shellPrompt("exec_command", "cmd")],
    ],
  },
  answer: ({ stdout }) => objects(stdout).findLast((event) => event.item?.type === "agent_message")?.item.text,
  /** The whole turn's. */
  tokens({ stdout }) {
    const usage = objects(stdout).find((event) => event.type === "turn.completed")?.usage;
    return usage && [{ input: usage.input_tokens, cache_read: usage.cached_input_tokens, output: usage.output_tokens }];
  },
  countsCached: true,
};

const aider = (id) => {
  const ask = (...more) => [
    beside("WEIRGATE_AIDER_PYTHON", "aider"),
    ["--no-git", "--no-check-update", "--no-show-model-warnings", "--analytics-disable", "--yes-always", "--no-pretty", ...more, "--message", PROMPT],
  ];
  return {
    id,
    large: true,
    version: pip("requirements-aider.txt", "aider-chat"),
    works: { plain: () => ask("--no-stream"), streamed: () => ask() },
    // Its table of prices comes from elsewhere otherwise, and what is left of that must lead nowhere.
    env: { LITELLM_LOCAL_MODEL_COST_MAP: "True", HTTPS_PROXY: "http://127.0.0.1:9" },
    exits: false,
  };
};

const opencode = (id) => ({
  id,
  large: true,
  version: npm("opencode-ai", "large"),
  works: {
    streamed: () => [installed("opencode", "large"), ["run", "--format", "json", PROMPT]],
    tools: () => [installed("opencode", "large"), ["run", "--format", "json", "--auto"], shellPrompt("bash", "command", { description: "The height" })],
  },
  env: { OPENCODE_DISABLE_AUTOUPDATE: "1", OPENCODE_DISABLE_MODELS_FETCH: "1", OPENCODE_DISABLE_LSP_DOWNLOAD: "1" },
  answer: ({ stdout }) => objects(stdout).filter((event) => event.type === "text").map((event) => event.part.text).join(" "),
  tokens: ({ stdout }) =>
    objects(stdout)
      .filter((event) => event.type === "step_finish")
      .map(({ part: { tokens } }) => ({ input: tokens.input, cache_read: tokens.cache.read, cache_write: tokens.cache.write, output: tokens.output })),
  /** The conversation's title is asked for beside the answer. */
  beside: 1,
});

const claudeCode = {
  id: "claude-code",
  large: true,
  version: npm("@anthropic-ai/claude-code", "large"),
  works: {
    streamed: () => [installed("claude", "large"), ["-p", "--output-format", "json", PROMPT]],
    tools: () => [installed("claude", "large"), ["-p", "--output-format", "json", "--allowedTools", "Bash(echo:*)"], shellPrompt("Bash", "command")],
  },
  env: { CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1", DISABLE_AUTOUPDATER: "1" },
  answer: ({ stdout }) => objects(stdout)[0]?.result,
  /** The whole turn's. */
  tokens({ stdout }) {
    const usage = objects(stdout)[0]?.usage;
    if (!usage) return undefined;
    return [{ input: usage.input_tokens, cache_read: usage.cache_read_input_tokens, cache_write: usage.cache_creation_input_tokens, output: usage.output_tokens }];
  },
};

/**
 * `works`: command, arguments and what is sent to stdin, for each kind of work it can do; `program` and `more` in place of it: a program
 * that does all of them. `prepare`: what its recipe has people type once. `env`: what keeps it from calling its maker. `answer` and `tokens`:
 * what it says, and what it says its calls used, in their order or as one sum; `countsCached` when input holds the cached tokens. `beside`: how
 * many calls it makes of its own. `exits: false` when its exit code says nothing.
 */
export const CLIENTS = [
  curl("anthropic-curl"),
  curl("openai-curl"),
  python("anthropic-python", "requirements.txt", "anthropic", "WEIRGATE_PYTHON", "anthropic-python.py"),
  node("anthropic-typescript", "@anthropic-ai/sdk", "anthropic-typescript.mjs"),
  python("openai-python", "requirements.txt", "openai", "WEIRGATE_PYTHON", "openai-python.py"),
  node("openai-typescript", "openai", "openai-typescript.mjs"),
  aiSdk("ai-sdk-anthropic", "@ai-sdk/anthropic"),
  aiSdk("ai-sdk-openai", "@ai-sdk/openai"),
  aiSdk("ai-sdk-compatible", "@ai-sdk/openai-compatible"),
  llm("llm", true),
  llm("llm-anthropic", false),
  codex,
  langchain("langchain-anthropic"),
  langchain("langchain-openai"),
  aider("aider"),
  aider("aider-anthropic"),
  opencode("opencode"),
  opencode("opencode-anthropic"),
  claudeCode,
];
