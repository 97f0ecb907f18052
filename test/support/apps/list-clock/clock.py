# As clock.js beside it: a thread pops "shutdown", the jobs finish, the answer is pushed.
import os
import threading
import time

import redis

r = redis.Redis.from_url(os.environ["REDIS_URL"])
stopped = threading.Event()
idle = threading.Lock()


def job(number):
    print(f"job {number} started", flush=True)
    r.blpop("jobs:end")
    print(f"job {number} finished", flush=True)


def listen():
    while True:
        message = r.brpop("request")[1].decode()
        if message == "shutdown":
            stopped.set()
            print("stopped", flush=True)
            with idle:
                r.lpush("response", "done")
        if message == "resume":
            stopped.clear()
            print("resumed", flush=True)


threading.Thread(target=listen, daemon=True).start()
count = 0
while True:
    with idle:
        if not stopped.is_set():
            print("tick", flush=True)
            if r.lpop("jobs:start"):
                count += 1
                job(count)
    time.sleep(0.1)
