"""Puts finished calls of the last 60 days straight into a SQLite file of Weirgate, with the rollups that belong to them.

stdin: {"file", "rows", "seed"}. The calls belong to the one person and the keys that are in the file already; the server must be stopped.
"""

import collections
import json
import random
import sqlite3
import sys
import time

DAY, QUARTER = 86_400_000, 900_000
CLASSES = ["input_tokens", "cache_read_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens", "output_tokens"]
PRICES = [3_000_000, 300_000, 3_750_000, 6_000_000, 15_000_000]
MODELS = ["claude-opus", "claude-sonnet", "claude-haiku", "gpt-large", "gpt-small"]
ROLLUP_KEY = ["organization_id", "bucket", "user_id", "api_key_id", "model", "node"]
ROLLUP_SUMS = ["requests", "refused", "failed", "unpriced", *CLASSES, "cost_nanos", "latency_ms_sum"]


def uuid7(milliseconds, rng):
    value = (milliseconds << 80) | (7 << 76) | (rng.getrandbits(12) << 64) | (2 << 62) | rng.getrandbits(62)
    return value.to_bytes(16, "big")


def main():
    asked = json.load(sys.stdin)
    rng = random.Random(asked["seed"])
    database = sqlite3.connect(asked["file"])
    (user,) = database.execute("SELECT id FROM users LIMIT 1").fetchone()
    (organization,) = database.execute("SELECT id FROM organizations WHERE personal_user_id = ?", [user]).fetchone()
    keys = [key for (key,) in database.execute("SELECT id FROM api_keys")]
    now = int(time.time() * 1000)
    calls = []
    rollups = {"usage_quarters": collections.defaultdict(lambda: [0] * len(ROLLUP_SUMS)), "usage_days": collections.defaultdict(lambda: [0] * len(ROLLUP_SUMS))}
    for number in range(asked["rows"]):
        created = now - rng.randrange(60 * DAY)
        latency = rng.randrange(300, 20_000)
        model, key = rng.choice(MODELS), rng.choice(keys)
        failed = rng.random() < 0.01
        tokens = [rng.randrange(10, 5000), rng.randrange(0, 20_000), rng.randrange(0, 500), 0, 0 if failed else rng.randrange(5, 2000)]
        cost = (sum(count * price for count, price in zip(tokens, PRICES)) + 500) // 1000
        calls.append({
            "id": uuid7(created, rng), "request_id": f"seed-{number}", "created_at": created, "settled_at": created + latency,
            "organization_id": organization, "user_id": user, "api_key_id": key, "model": model, "provider": "seed",
            "upstream_model": model, "endpoint": "/v1/messages", "stream": number % 2, "status": "upstream_error" if failed else "settled",
            "http_status": 502 if failed else 200, "source": "provider", **dict(zip(CLASSES, tokens)), "cost_nanos": cost, "unpriced": 0,
            "latency_ms": latency, "ttft_ms": rng.randrange(100, 1500), "node": 1,
        })
        for table, width in (("usage_quarters", QUARTER), ("usage_days", DAY)):
            sums = rollups[table][(organization, created - created % width, user, key, model, 1)]
            for place, value in enumerate([1, 0, int(failed), 0, *tokens, cost, latency]):
                sums[place] += value
    with database:
        columns = list(calls[0])
        places = ", ".join(f":{column}" for column in columns)
        database.executemany(f"INSERT INTO usage_logs ({', '.join(columns)}) VALUES ({places})", calls)
        columns = ROLLUP_KEY + ROLLUP_SUMS
        for table, rows in rollups.items():
            database.executemany(
                f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})",
                [[*key, *sums] for key, sums in rows.items()],
            )
    print(json.dumps({"rows": len(calls), "quarters": len(rollups["usage_quarters"]), "days": len(rollups["usage_days"])}))


main()
