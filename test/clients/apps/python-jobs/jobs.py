"""What the Python workers of workers.test.ts do: a job goes on until the test ends it."""

import os
import time

import redis

REDIS_URL = os.environ["REDIS_URL"]

server = redis.Redis.from_url(REDIS_URL)


def work(name):
    server.rpush("happened", name + " begun")
    while not server.exists("end " + name):
        time.sleep(0.05)
    server.rpush("happened", name + " finished")
