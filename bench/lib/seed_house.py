"""Fills a database of Weirgate with people, organizations and what belongs to them, past the server, which must be stopped.

stdin: {"file" or "url", "users", "organizations", "keys", "members", "audit_rows", "requests", "conversations", "seed"}. One person is there already; they become owner of the
organization `big`, which has `members` members and a tenth of the keys, and administrator of the server. SQLite is written to through Python's own module, PostgreSQL through
psql's COPY. stdout: how many there are of each, and the ids that pages are asked for by.
"""

import hashlib
import itertools
import json
import random
import sqlite3
import subprocess
import sys
import time
import uuid

DAY = 86_400_000
ROUTES = [("GET", "/api/v1/auth/me", 200), ("GET", "/api/v1/account/keys", 200), ("POST", "/api/v1/account/keys", 201), ("GET", "/api/v1/usage/summary", 200), ("GET", "/api/v1/teams/{id}", 404)]
MODELS = ["claude-opus", "claude-sonnet", "gpt-large"]
ACTIONS = [("member.added", "user"), ("member.removed", "user"), ("key.created", "api_key"), ("team.updated", "team"), ("invitation.created", "invitation")]


class Ids:
    """UUID v7 that grow, as the server's own do."""

    def __init__(self, rng, first):
        self.rng, self.at = rng, itertools.count(first)

    def __call__(self):
        return uuid.UUID(int=(next(self.at) << 80) | (7 << 76) | (self.rng.getrandbits(12) << 64) | (2 << 62) | self.rng.getrandbits(62))


class Sqlite:
    def __init__(self, file):
        self.database = sqlite3.connect(file)

    def first(self, sql):
        (value,) = self.database.execute(sql).fetchone()
        return uuid.UUID(bytes=value)

    def run(self, sql):
        self.database.execute(sql)

    def insert(self, table, rows):
        rows = iter(rows)
        first = next(rows)
        plain = lambda value: value.bytes if isinstance(value, uuid.UUID) else value
        sql = f"INSERT INTO {table} ({', '.join(first)}) VALUES ({', '.join('?' * len(first))})"
        self.database.executemany(sql, ([plain(value) for value in row.values()] for row in itertools.chain([first], rows)))

    def id(self, value):
        return f"X'{value.hex}'"

    def done(self):
        self.database.execute("ANALYZE")
        self.database.commit()


class Postgres:
    def __init__(self, url):
        self.url = url

    def psql(self, sql, stdin=None):
        command = ["psql", self.url, "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-c", sql]
        return subprocess.run(command, input=stdin, capture_output=True, text=True, check=True).stdout.strip()

    def first(self, sql):
        return uuid.UUID(self.psql(sql))

    def run(self, sql):
        self.psql(sql)

    def insert(self, table, rows):
        rows = iter(rows)
        first = next(rows)

        def plain(value):
            if value is None:
                return "\\N"
            if isinstance(value, bytes):
                return "\\\\x" + value.hex()
            if isinstance(value, bool):
                return "t" if value else "f"
            return str(value)

        lines = "".join("\t".join(plain(value) for value in row.values()) + "\n" for row in itertools.chain([first], rows))
        self.psql(f"COPY {table} ({', '.join(first)}) FROM STDIN", lines)

    def id(self, value):
        return f"'{value}'"

    def done(self):
        self.psql("VACUUM ANALYZE")


def main():
    asked = json.load(sys.stdin)
    rng = random.Random(asked["seed"])
    database = Postgres(asked["url"]) if asked.get("url") else Sqlite(asked["file"])
    now = int(time.time() * 1000)
    new = Ids(rng, now - 40 * DAY)
    owner = database.first("SELECT id FROM users LIMIT 1")
    users = [new() for _ in range(asked["users"])]
    made = lambda: {"created_at": now - rng.randrange(30 * DAY), "updated_at": now}

    database.insert("users", (
        {"id": user, "email": f"person{n}@example.com", "username": f"person{n}", "username_folded": f"person{n}", "full_name": f"Person {n}",
         "role": "user", "is_active": True, "email_verified_at": now, **made()}
        for n, user in enumerate(users)
    ))
    database.run(f"UPDATE users SET role = 'admin', email_verified_at = {now} WHERE id = {database.id(owner)}")
    personal = [new() for _ in users]
    database.insert("organizations", (
        {"id": organization, "slug": None, "name": f"Person {n}", "kind": "personal", "personal_user_id": users[n], "requires_second_factor": False, **made()}
        for n, organization in enumerate(personal)
    ))
    shared = [new() for _ in range(asked["organizations"])]
    database.insert("organizations", (
        {"id": organization, "slug": "big" if n == 0 else f"house-{n}", "name": "Big" if n == 0 else f"House {n}", "kind": "shared", "personal_user_id": None,
         "requires_second_factor": False, **made()}
        for n, organization in enumerate(shared)
    ))
    # The owner belongs to fifty of them; each but the big one has twenty members.
    belongs = {}
    for n, organization in enumerate(shared):
        people = users[: asked["members"]] if n == 0 else rng.sample(users, 20)
        belongs[organization] = people + ([owner] if n < 50 else [])
    member = lambda organization, user, role: {"organization_id": organization, "user_id": user, "role": role, "created_at": now}
    database.insert("organization_members", itertools.chain(
        (member(organization, user, "owner") for organization, user in zip(personal, users)),
        (member(organization, user, "owner" if user in (owner, people[0]) else "member") for organization, people in belongs.items() for user in people),
    ))
    teams = [(new(), organization, n) for organization in shared for n in range(100 if organization == shared[0] else 3)]
    database.insert("teams", (
        {"id": team, "organization_id": organization, "name": f"Team {n}", "allowed_models": "[]", **made()} for team, organization, n in teams
    ))
    database.insert("team_members", (
        {"team_id": team, "user_id": user, "created_at": now} for team, organization, _ in teams for user in rng.sample(belongs[organization], 10)
    ))
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    keys = []
    for n in range(asked["keys"]):
        if n % 10 == 0:
            organization, user = shared[0], rng.choice(belongs[shared[0]])
        elif n % 10 < 5:
            organization = rng.choice(shared[1:])
            user = rng.choice(belongs[organization])
        else:
            place = rng.randrange(len(users))
            organization, user = personal[place], users[place]
        keys.append((new(), organization, user, n))
    home = database.first(f"SELECT id FROM organizations WHERE personal_user_id = {database.id(owner)}")
    keys.extend((new(), home, owner, asked["keys"] + n) for n in range(20))
    database.insert("api_keys", (
        {"id": key, "organization_id": organization, "user_id": user, "name": f"key {n}", "public_id": "".join(rng.choices(digits, k=12)), "last_four": "0000",
         "secret_hash": hashlib.sha256(f"key {n}".encode()).digest(), "can_read": True, "can_write": True, "revoked_at": now if n % 7 == 0 else None, **made()}
        for key, organization, user, n in keys
    ))
    database.insert("invitations", (
        {"id": new(), "organization_id": organization, "email": f"guest{n}@example.com", "role": "member", "secret_hash": rng.randbytes(32), "invited_by": belongs[organization][0],
         "expires_at": now + 7 * DAY, "accepted_at": now if n % 2 else None, "created_at": now, "updated_at": now}
        for organization in shared for n in range(5000 if organization == shared[0] else 5)
    ))
    days = set()
    in_big = [(key, user) for key, organization, user, _ in keys if organization == shared[0]]
    while len(days) < min(60_000, 12 * len(in_big)):
        key, user = rng.choice(in_big)
        days.add((now - now % DAY - rng.randrange(30) * DAY, user, key, rng.choice(MODELS)))
    database.insert("usage_days", (
        {"organization_id": shared[0], "bucket": bucket, "user_id": user, "api_key_id": key, "model": model, "node": 1, "requests": 3, "input_tokens": 1000,
         "output_tokens": 200, "cost_nanos": 6_000_000, "latency_ms_sum": 900}
        for bucket, user, key, model in sorted(days, key=str)
    ))
    first = Ids(rng, now - 20 * DAY)
    some = lambda action, kind: {
        "id": first(), "organization_id": shared[0] if rng.random() < 0.5 else rng.choice(shared), "actor_id": owner if rng.random() < 0.1 else rng.choice(users), "actor_kind": "user",
        "action": action, "target_kind": kind, "target_id": str(rng.choice(users)), "ip_address": "192.0.2.7", "details": "{}", "created_at": now - 10 * DAY,
    }
    database.insert("audit_logs", (some(*rng.choice(ACTIONS)) for _ in range(asked["audit_rows"])))
    later = Ids(rng, now - 10 * DAY)
    logged = lambda method, route, status: {
        "id": later(), "at": now - 10 * DAY, "method": method, "route": route, "status": status, "duration_ms": rng.randrange(20), "user_id": rng.choice(users),
        "ip_address": "192.0.2.0", "user_agent": "curl", "request_id": f"req_{rng.getrandbits(64):x}",
    }
    database.insert("request_logs", (logged(*rng.choice(ROUTES)) for _ in range(asked["requests"])))
    talks = Ids(rng, now - 5 * DAY)
    database.insert("conversations", (
        {"id": talks(), "organization_id": home if mine else personal[place], "user_id": owner if mine else users[place], "client_session_id": f"session {n}",
         "started_at": now - 5 * DAY + n, "ended_at": now - 4 * DAY, "transcript_hash": rng.randbytes(32).hex()}
        for n in range(asked["conversations"]) for mine in [n % 50 == 0] for place in [rng.randrange(len(users))]
    ))
    database.done()
    print(json.dumps({"users": len(users), "organizations": len(shared), "keys": len(keys), "members": len(belongs[shared[0]]), "days": len(days),
                      "audit_rows": asked["audit_rows"], "requests": asked["requests"], "ids": {"organization": str(shared[0]), "person": str(users[-1]), "team": str(teams[0][0])}}))


main()
