# Behind the recipe's program: its client answers whole, streams, and calls tools. What each call used, by the SDK's own word, goes to stderr.
import json
import os
import sys

MODEL, PROMPT = os.environ["WORK_MODEL"], os.environ["WORK_PROMPT"]
PLACE = {"type": "object", "properties": {"place": {"type": "string"}}, "required": ["place"]}
TOOLS = [{"name": "height", "description": "How high the water stands", "input_schema": PLACE}]


def tell(work, text, messages):
    calls = [
        {
            "input": message.usage.input_tokens,
            "cache_read": message.usage.cache_read_input_tokens or 0,
            "cache_write": message.usage.cache_creation_input_tokens or 0,
            "output": message.usage.output_tokens,
        }
        for message in messages
    ]
    print(json.dumps({"work": work, "text": text, "calls": calls}), file=sys.stderr)


def ask(streamed, messages, **more):
    request = {"model": MODEL, "max_tokens": 256, "messages": messages, **more}
    if not streamed:
        return client.messages.create(**request)
    with client.messages.stream(**request) as answer:
        return answer.get_final_message()


def text_of(message):
    return "".join(block.text for block in message.content if block.type == "text")


told = stream.get_final_message()
tell("streamed", text_of(told), [told])
told = ask(False, [{"role": "user", "content": "Hello!"}])
tell("plain", text_of(told), [told])
for streamed in (False, True):
    said, answers = [{"role": "user", "content": PROMPT}], []
    while not answers or answers[-1].stop_reason == "tool_use":
        told = ask(streamed, said, tools=TOOLS)
        answers.append(told)
        uses = [block for block in told.content if block.type == "tool_use"]
        results = [{"type": "tool_result", "tool_use_id": use.id, "content": f"41 cm at {use.input['place']}"} for use in uses]
        said += [{"role": "assistant", "content": told.content}, {"role": "user", "content": results}]
    tell("tools", text_of(told), answers)
