// Behind the recipe's program: its client answers whole, streams, and calls tools. What each call used, by the SDK's own word, goes to stderr.
const { WORK_MODEL: MODEL, WORK_PROMPT: PROMPT } = process.env;
const PLACE = { type: "object", properties: { place: { type: "string" } }, required: ["place"], additionalProperties: false };
const TOOLS = [{ type: "function", function: { name: "height", description: "How high the water stands", parameters: PLACE, strict: true } }];

function tokens({ usage }) {
  const cached = usage.prompt_tokens_details?.cached_tokens ?? 0;
  return { input: usage.prompt_tokens - cached, cached, output: usage.completion_tokens };
}

const tell = (work, text, calls) => console.error(JSON.stringify({ work, text, calls }));

function ask(streamed, messages, more = {}) {
  const request = { model: MODEL, messages, ...more };
  if (!streamed) return client.chat.completions.create(request);
  return client.chat.completions.stream({ ...request, stream_options: { include_usage: true } }).finalChatCompletion();
}

// The recipe's program does not ask for usage.
tell("streamed", null, [null]);
for (const [work, streamed] of [["plain", false], ["streamed", true]]) {
  const told = await ask(streamed, [{ role: "user", content: "Hello!" }]);
  tell(work, told.choices[0].message.content, [tokens(told)]);
}
for (const streamed of [false, true]) {
  const said = [{ role: "user", content: PROMPT }];
  const answers = [];
  let told;
  do {
    told = await ask(streamed, said, { tools: TOOLS });
    answers.push(told);
    const { content, tool_calls } = told.choices[0].message;
    said.push({ role: "assistant", content, tool_calls });
    for (const call of tool_calls ?? []) {
      said.push({ role: "tool", tool_call_id: call.id, content: `41 cm at ${JSON.parse(call.function.arguments).place}` });
    }
  } while (told.choices[0].finish_reason === "tool_calls");
  tell("tools", told.choices[0].message.content, answers.map(tokens));
}
