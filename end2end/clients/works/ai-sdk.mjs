// Behind the recipe's program: its provider answers whole, streams, and calls tools. What each call used, by the SDK's own word, goes to stderr.
import { generateText, jsonSchema, stepCountIs, tool } from "ai";

const model = weirgate(process.env.WORK_MODEL);
const height = tool({
  description: "How high the water stands",
  inputSchema: jsonSchema({ type: "object", properties: { place: { type: "string" } }, required: ["place"], additionalProperties: false }),
  execute: async ({ place }) => `41 cm at ${place}`,
});
// Of the OpenAI provider: without it, what was said is referred to by ids, which only the provider that said it can look up.
const providerOptions = ["own", "litellm"].includes(process.env.WORK_WAY) ? {} : { openai: { store: false } };
const request = { model, providerOptions, tools: { height }, stopWhen: stepCountIs(4), prompt: process.env.WORK_PROMPT };

function tell(work, text, steps) {
  const calls = steps.map(({ usage: { inputTokenDetails: details, outputTokens } }) => ({
    input: details.noCacheTokens,
    cache_read: details.cacheReadTokens ?? 0,
    output: outputTokens,
  }));
  console.error(JSON.stringify({ work, text, calls }));
}

tell("streamed", await result.text, await result.steps);
const plain = await generateText({ model, prompt: "Hello!" });
tell("plain", plain.text, plain.steps);
const whole = await generateText(request);
tell("tools", whole.text, whole.steps);
const streamed = streamText(request);
tell("tools", await streamed.text, await streamed.steps);
