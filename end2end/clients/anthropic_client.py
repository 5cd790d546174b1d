"""The `anthropic` SDK as its users write it. Scenarios come in as JSON on stdin, results go out one JSON object a line."""

import json
import sys
import time

import anthropic

PROMPT = "How high does the water stand today?"


def tokens(usage):
    written = usage.cache_creation
    return {
        "input": usage.input_tokens,
        "cache_read": usage.cache_read_input_tokens or 0,
        "cache_write_5m": written.ephemeral_5m_input_tokens if written else (usage.cache_creation_input_tokens or 0),
        "cache_write_1h": written.ephemeral_1h_input_tokens if written else 0,
        "output": usage.output_tokens,
    }


def run(base_url, scenario):
    client = anthropic.Anthropic(base_url=base_url, api_key=scenario["key"])
    if scenario["mode"] == "models":
        # Two a page, so that the SDK has to follow the list's cursors.
        return {"models": [model.id for model in client.models.list(limit=2)], "model": client.models.retrieve(scenario["model"]).id}
    if scenario["mode"] == "count":
        counted = client.messages.count_tokens(model=scenario["model"], messages=[{"role": "user", "content": PROMPT}])
        return {"input_tokens": counted.input_tokens}
    request = dict(
        model=scenario["model"],
        max_tokens=200,
        messages=[{"role": "user", "content": PROMPT}],
        extra_headers={"x-request-id": scenario["request_id"]},
    )
    if scenario["mode"] == "json":
        message = client.messages.create(**request)
    else:
        with client.messages.stream(**request) as stream:
            for _ in stream.text_stream:
                pass
            message = stream.get_final_message()
    return {"text": message.content[0].text, "tokens": tokens(message.usage)}


def main():
    asked = json.load(sys.stdin)
    for scenario in asked["scenarios"]:
        began = time.monotonic()
        try:
            result = run(asked["base_url"], scenario)
        except anthropic.APIStatusError as error:
            result = {"error": {"class": type(error).__name__, "status": error.status_code, "message": str(error)}}
        except anthropic.APIError as error:
            result = {"error": {"class": type(error).__name__, "status": None, "message": str(error)}}
        result.update(id=scenario["id"], ms=round((time.monotonic() - began) * 1000))
        print(json.dumps(result), flush=True)


main()
