"""The `openai` SDK as its users write it. Scenarios come in as JSON on stdin, results go out one JSON object a line."""

import json
import sys
import time

import openai

PROMPT = "How high does the water stand today?"


def tokens(usage):
    details = usage.prompt_tokens_details
    cached = (details.cached_tokens if details else 0) or 0
    return {
        "input": usage.prompt_tokens - cached,
        "cache_read": cached,
        "cache_write_5m": 0,
        "cache_write_1h": 0,
        "output": usage.completion_tokens,
    }


def run(base_url, scenario):
    client = openai.OpenAI(base_url=base_url + "/v1", api_key=scenario["key"])
    request = dict(
        model=scenario["model"],
        messages=[{"role": "user", "content": PROMPT}],
        extra_headers={"x-request-id": scenario["request_id"]},
    )
    if scenario["mode"] == "json":
        completion = client.chat.completions.create(**request)
        return {"text": completion.choices[0].message.content, "tokens": tokens(completion.usage)}
    if scenario["mode"] == "stream_usage":
        request["stream_options"] = {"include_usage": True}
    text, usage, without_choices = "", None, 0
    for chunk in client.chat.completions.create(stream=True, **request):
        usage = chunk.usage or usage
        without_choices += not chunk.choices
        for choice in chunk.choices:
            text += choice.delta.content or ""
    return {"text": text, "tokens": tokens(usage) if usage else None, "without_choices": without_choices}


def main():
    asked = json.load(sys.stdin)
    for scenario in asked["scenarios"]:
        began = time.monotonic()
        try:
            result = run(asked["base_url"], scenario)
        except openai.APIStatusError as error:
            result = {"error": {"class": type(error).__name__, "status": error.status_code, "message": str(error)}}
        except openai.APIError as error:
            result = {"error": {"class": type(error).__name__, "status": None, "message": str(error)}}
        result.update(id=scenario["id"], ms=round((time.monotonic() - began) * 1000))
        print(json.dumps(result), flush=True)


main()
