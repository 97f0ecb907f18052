"""What every Python app under trial schedules: a tick, which runs a job if Redis holds one. See docs/conformance.md."""

import os
import threading
import time

import redis

GATE = os.environ.get("DEPLOY_GATE_NAME") or "default"
COUNTS = "deploy-gate:{%s}:trial" % GATE
JOBS = COUNTS + ":jobs"
GATED = os.environ.get("NO_GATE") != "1"

server = redis.Redis.from_url(os.environ["REDIS_URL"], decode_responses=True)
never = threading.Event()


def say(line):
    print(line, flush=True)


def tick(stopping=never, ended=lambda how: None, began=lambda: None):
    """`stopping` is set when jobs must be put away; `began` is called when a job begins, `ended` is told `finished` or `stored`."""
    try:
        server.hincrby(COUNTS, "ticks", 1)
        length = server.rpop(JOBS)
    except redis.exceptions.RedisError:
        return
    if length is None:
        return
    server.hincrby(COUNTS, "started", 1)
    began()
    say("job started")
    end = time.monotonic() + int(length) / 1000
    while time.monotonic() < end and not stopping.is_set():
        time.sleep(0.02)
    left = round((end - time.monotonic()) * 1000)
    how = "finished" if left <= 0 else "stored"
    if how == "stored":
        server.lpush(JOBS, left)
    server.hincrby(COUNTS, how, 1)
    ended(how)
    say("job " + how)
