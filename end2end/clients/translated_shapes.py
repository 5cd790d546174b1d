"""Holds what translation makes of answers (llm/tests/golden/translate) against the types of the vendors' own libraries."""

import json
import pathlib
import sys

import pydantic
from anthropic.types import Message, RawMessageStreamEvent
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response, ResponseStreamEvent

GOLDEN = pathlib.Path(__file__).parents[2] / "llm" / "tests" / "golden" / "translate"
WHOLE = {"anthropic": Message, "openai": ChatCompletion, "responses": Response}
PIECE = {"anthropic": RawMessageStreamEvent, "openai": ChatCompletionChunk, "responses": ResponseStreamEvent}
# The libraries' unions leave these out; the clients read them all the same.
BESIDE = {("anthropic", "ping"), ("anthropic", "error")}


def events(text):
    for event in text.replace("\r\n", "\n").split("\n\n"):
        lines = [line[5:].strip() for line in event.split("\n") if line.startswith("data:")]
        if lines and lines != ["[DONE]"]:
            yield json.loads("\n".join(lines))


def main():
    checked, failed = 0, 0
    wholes = {dialect: pydantic.TypeAdapter(kind) for dialect, kind in WHOLE.items()}
    pieces = {dialect: pydantic.TypeAdapter(kind) for dialect, kind in PIECE.items()}
    for path in sorted(GOLDEN.glob("*/*/*.out")):
        kind, dialect = path.parts[-3], path.name.split(".")[-2]
        if kind == "answers":
            # What was left out is named behind the answer.
            values = [(wholes[dialect], json.JSONDecoder().raw_decode(path.read_text())[0])]
        elif kind == "streams":
            values = [
                (pieces[dialect], event)
                for event in events(path.read_text())
                if (dialect, event.get("type")) not in BESIDE and "error" not in event.keys() - {"response"}
            ]
        else:
            continue
        for adapter, value in values:
            checked += 1
            error = (value.get("response") or {}).get("error") or {}
            # OpenAI sends this code and Codex acts on it; the library's list of codes does not have it.
            if error.get("code") == "context_length_exceeded":
                error["code"] = "server_error"
            try:
                adapter.validate_python(value)
            except pydantic.ValidationError as error:
                # The library's chunks know calls of functions alone, its whole answers those of custom tools too.
                if all(one["loc"][-3:-2] == ("tool_calls",) and one["input"] == "custom" for one in error.errors()):
                    continue
                failed += 1
                print(f"{path.relative_to(GOLDEN)}: {value.get('type')}: {error}"[:1500])
    print(f"{checked} answers and events hold, {failed} do not" if failed else f"{checked} answers and events hold")
    sys.exit(1 if failed or not checked else 0)


main()
