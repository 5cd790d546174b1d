// The `openai` package as its users write it. Scenarios come in as JSON on stdin, results go out one JSON object a line.
import OpenAI, { APIError } from "openai";
import { text } from "node:stream/consumers";

const PROMPT = "How high does the water stand today?";

function tokens(usage) {
  const cached = usage.prompt_tokens_details?.cached_tokens ?? 0;
  return {
    input: usage.prompt_tokens - cached,
    cache_read: cached,
    cache_write_5m: 0,
    cache_write_1h: 0,
    output: usage.completion_tokens,
  };
}

/** Usage of Responses, which has names of its own. */
function inputTokens(usage) {
  const cached = usage.input_tokens_details?.cached_tokens ?? 0;
  return { input: usage.input_tokens - cached, cache_read: cached, cache_write_5m: 0, cache_write_1h: 0, output: usage.output_tokens };
}

async function responses(client, scenario, options) {
  const request = { model: scenario.model, input: PROMPT, store: false };
  if (scenario.mode === "responses") {
    const response = await client.responses.create(request, options);
    return { text: response.output_text, tokens: inputTokens(response.usage) };
  }
  let answer = "";
  let response = null;
  for await (const event of await client.responses.create({ ...request, stream: true }, options)) {
    if (event.type === "response.output_text.delta") answer += event.delta;
    else if (event.type === "response.completed" || event.type === "response.incomplete") response = event.response;
  }
  return { text: answer, tokens: inputTokens(response.usage) };
}

async function run(baseURL, scenario) {
  const client = new OpenAI({ baseURL: `${baseURL}/v1`, apiKey: scenario.key });
  if (scenario.mode.startsWith("responses")) return responses(client, scenario, { headers: { "x-request-id": scenario.request_id } });
  if (scenario.mode === "embeddings") {
    // Without a word on the encoding the SDK asks for base64 and unpacks it.
    const answer = await client.embeddings.create({ model: scenario.model, input: [PROMPT] }, { headers: { "x-request-id": scenario.request_id } });
    const tokens = { input: answer.usage.prompt_tokens, cache_read: 0, cache_write_5m: 0, cache_write_1h: 0, output: 0 };
    return { vector: answer.data[0].embedding, tokens };
  }
  if (scenario.mode === "models") {
    const models = [];
    for await (const model of client.models.list()) models.push(model.id);
    return { models, model: (await client.models.retrieve(scenario.model)).id };
  }
  const request = { model: scenario.model, messages: [{ role: "user", content: PROMPT }] };
  const options = { headers: { "x-request-id": scenario.request_id } };
  if (scenario.mode === "json") {
    const completion = await client.chat.completions.create(request, options);
    return { text: completion.choices[0].message.content, tokens: tokens(completion.usage) };
  }
  if (scenario.mode === "stream_usage") request.stream_options = { include_usage: true };
  let answer = "";
  let usage = null;
  let withoutChoices = 0;
  for await (const chunk of await client.chat.completions.create({ ...request, stream: true }, options)) {
    usage = chunk.usage ?? usage;
    withoutChoices += chunk.choices.length === 0 ? 1 : 0;
    for (const choice of chunk.choices) answer += choice.delta.content ?? "";
  }
  return { text: answer, tokens: usage ? tokens(usage) : null, without_choices: withoutChoices };
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
