// The `@anthropic-ai/sdk` package as its users write it. Scenarios come in as JSON on stdin, results go out one JSON object a line.
import Anthropic, { APIError } from "@anthropic-ai/sdk";
import { text } from "node:stream/consumers";

const PROMPT = "How high does the water stand today?";

function tokens(usage) {
  const written = usage.cache_creation;
  return {
    input: usage.input_tokens,
    cache_read: usage.cache_read_input_tokens ?? 0,
    cache_write_5m: written ? written.ephemeral_5m_input_tokens : (usage.cache_creation_input_tokens ?? 0),
    cache_write_1h: written ? written.ephemeral_1h_input_tokens : 0,
    output: usage.output_tokens,
  };
}

async function run(baseURL, scenario) {
  const client = new Anthropic({ baseURL, apiKey: scenario.key });
  if (scenario.mode === "models") {
    // Two a page, so that the SDK has to follow the list's cursors.
    const models = [];
    for await (const model of client.models.list({ limit: 2 })) models.push(model.id);
    return { models, model: (await client.models.retrieve(scenario.model)).id };
  }
  if (scenario.mode === "count") {
    const counted = await client.messages.countTokens({ model: scenario.model, messages: [{ role: "user", content: PROMPT }] });
    return { input_tokens: counted.input_tokens };
  }
  const request = { model: scenario.model, max_tokens: 200, messages: [{ role: "user", content: PROMPT }] };
  const options = { headers: { "x-request-id": scenario.request_id } };
  const message =
    scenario.mode === "json"
      ? await client.messages.create(request, options)
      : await client.messages.stream(request, options).finalMessage();
  return { text: message.content[0].text, tokens: tokens(message.usage) };
}

const asked = JSON.parse(await text(process.stdin));
for (const scenario of asked.scenarios) {
  const began = performance.now();
  let result;
  try {
    result = await run(asked.base_url, scenario);
  } catch (error) {
    if (!(error instanceof APIError)) throw error;
    result = { error: { class: error.constructor.name, status: error.status ?? null, message: error.message } };
  }
  console.log(JSON.stringify({ ...result, id: scenario.id, ms: Math.round(performance.now() - began) }));
}
