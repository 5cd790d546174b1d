// Behind the recipe's program: its client answers whole, streams, and calls tools. What each call used, by the SDK's own word, goes to stderr.
const { WORK_MODEL: MODEL, WORK_PROMPT: PROMPT } = process.env;
const PLACE = { type: "object", properties: { place: { type: "string" } }, required: ["place"] };
const TOOLS = [{ name: "height", description: "How high the water stands", input_schema: PLACE }];

function tell(work, text, messages) {
  const calls = messages.map(({ usage }) => ({
    input: usage.input_tokens,
    cache_read: usage.cache_read_input_tokens ?? 0,
    cache_write: usage.cache_creation_input_tokens ?? 0,
    output: usage.output_tokens,
  }));
  console.error(JSON.stringify({ work, text, calls }));
}

function ask(streamed, messages, more = {}) {
  const request = { model: MODEL, max_tokens: 256, messages, ...more };
  return streamed ? client.messages.stream(request).finalMessage() : client.messages.create(request);
}

const textOf = (message) => message.content.map((block) => (block.type === "text" ? block.text : "")).join("");

let told = await stream.finalMessage();
tell("streamed", textOf(told), [told]);
told = await ask(false, [{ role: "user", content: "Hello!" }]);
tell("plain", textOf(told), [told]);
for (const streamed of [false, true]) {
  const said = [{ role: "user", content: PROMPT }];
  const answers = [];
  do {
    told = await ask(streamed, said, { tools: TOOLS });
    answers.push(told);
    const uses = told.content.filter((block) => block.type === "tool_use");
    const results = uses.map((use) => ({ type: "tool_result", tool_use_id: use.id, content: `41 cm at ${use.input.place}` }));
    said.push({ role: "assistant", content: told.content }, { role: "user", content: results });
  } while (told.stop_reason === "tool_use");
  tell("tools", textOf(told), answers);
}
