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


def input_tokens(usage):
    """Usage of Responses, which has names of its own."""
    details = usage.input_tokens_details
    cached = (details.cached_tokens if details else 0) or 0
    return {
        "input": usage.input_tokens - cached,
        "cache_read": cached,
        "cache_write_5m": 0,
        "cache_write_1h": 0,
        "output": usage.output_tokens,
    }


def responses(client, scenario):
    request = dict(
        model=scenario["model"],
        input=PROMPT,
        store=False,
        extra_headers={"x-request-id": scenario["request_id"]},
    )
    if scenario["mode"] == "responses":
        response = client.responses.create(**request)
        return {"text": response.output_text, "tokens": input_tokens(response.usage)}
    text, response = "", None
    for event in client.responses.create(stream=True, **request):
        if event.type == "response.output_text.delta":
            text += event.delta
        elif event.type in ("response.completed", "response.incomplete"):
            response = event.response
    assert response.output_text == text, (response.output_text, text)
    return {"text": text, "tokens": input_tokens(response.usage)}


def embeddings(client, scenario):
    # Without a word on the encoding the SDK asks for base64 and unpacks it.
    answer = client.embeddings.create(
        model=scenario["model"], input=[PROMPT], extra_headers={"x-request-id": scenario["request_id"]}
    )
    tokens = {"input": answer.usage.prompt_tokens, "cache_read": 0, "cache_write_5m": 0, "cache_write_1h": 0, "output": 0}
    return {"vector": list(answer.data[0].embedding), "tokens": tokens}


def run(base_url, scenario):
    client = openai.OpenAI(base_url=base_url + "/v1", api_key=scenario["key"])
    if scenario["mode"] in ("responses", "responses_stream"):
        return responses(client, scenario)
    if scenario["mode"] == "embeddings":
        return embeddings(client, scenario)
    if scenario["mode"] == "models":
        return {"models": [model.id for model in client.models.list()], "model": client.models.retrieve(scenario["model"]).id}
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
