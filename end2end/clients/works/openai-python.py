# Behind the recipe's program: its client answers whole, streams, and calls tools. What each call used, by the SDK's own word, goes to stderr.
import json
import os
import sys

MODEL, PROMPT = os.environ["WORK_MODEL"], os.environ["WORK_PROMPT"]
PLACE = {"type": "object", "properties": {"place": {"type": "string"}}, "required": ["place"], "additionalProperties": False}
HEIGHT = {"name": "height", "description": "How high the water stands", "parameters": PLACE, "strict": True}
TOOLS = [{"type": "function", "function": HEIGHT}]


def tokens(usage):
    cached = usage.prompt_tokens_details.cached_tokens or 0 if usage.prompt_tokens_details else 0
    return {"input": usage.prompt_tokens - cached, "cached": cached, "output": usage.completion_tokens}


def tell(work, text, calls):
    print(json.dumps({"work": work, "text": text, "calls": calls}), file=sys.stderr)


def ask(streamed, messages, **more):
    request = {"model": MODEL, "messages": messages, **more}
    if not streamed:
        return client.chat.completions.create(**request)
    with client.chat.completions.stream(**request, stream_options={"include_usage": True}) as answer:
        return answer.get_final_completion()


# The recipe's program does not ask for usage.
tell("streamed", None, [None])
for work, streamed in (("plain", False), ("streamed", True)):
    told = ask(streamed, [{"role": "user", "content": "Hello!"}])
    tell(work, told.choices[0].message.content, [tokens(told.usage)])
for streamed in (False, True):
    said, answers = [{"role": "user", "content": PROMPT}], []
    while not answers or answers[-1].choices[0].finish_reason == "tool_calls":
        told = ask(streamed, said, tools=TOOLS)
        answers.append(told)
        message = told.choices[0].message
        said.append(message.model_dump(include={"role", "content", "tool_calls"}, exclude_none=True, warnings=False))
        for call in message.tool_calls or []:
            place = json.loads(call.function.arguments)["place"]
            said.append({"role": "tool", "tool_call_id": call.id, "content": f"41 cm at {place}"})
    tell("tools", told.choices[0].message.content, [tokens(answer.usage) for answer in answers])
