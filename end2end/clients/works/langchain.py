# Behind the recipe's program: its model answers whole, streams, and calls tools. What each call used, by the library's own word, goes to stderr.
import functools
import json
import operator
import os
import sys

from langchain_core.messages import HumanMessage
from langchain_core.tools import tool


@tool
def height(place: str) -> str:
    """How high the water stands"""
    return f"41 cm at {place}"


def tell(work, text, messages):
    calls = []
    for message in messages:
        details = message.usage_metadata.get("input_token_details", {})
        cached = sum(tokens or 0 for tokens in details.values())
        calls.append(
            {
                "input": message.usage_metadata["input_tokens"] - cached,
                "cached": cached,
                "output": message.usage_metadata["output_tokens"],
            }
        )
    print(json.dumps({"work": work, "text": text, "calls": calls}), file=sys.stderr)


def ask(streamed, model, said):
    return functools.reduce(operator.add, model.stream(said)) if streamed else model.invoke(said)


# The recipe's program prints its answer and keeps nothing of it.
print(json.dumps({"work": "streamed", "text": None, "calls": [None]}), file=sys.stderr)
for work, streamed in (("plain", False), ("streamed", True)):
    told = ask(streamed, model, [HumanMessage("Hello!")])
    tell(work, told.text, [told])
for streamed in (False, True):
    said, answers = [HumanMessage(os.environ["WORK_PROMPT"])], []
    while not answers or answers[-1].tool_calls:
        told = ask(streamed, model.bind_tools([height]), said)
        answers.append(told)
        said += [told, *(height.invoke(call) for call in told.tool_calls)]
    tell("tools", told.text, answers)
