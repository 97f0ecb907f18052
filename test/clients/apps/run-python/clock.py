"""A clock without any gate code: ends its jobs at SIGTERM, and puts them away at a second one. See docs/conformance.md."""

import json
import os
import signal
import threading
import time

import trial

asked = []
putting_away = threading.Event()
counting = threading.Lock()
counts = {"running": 0, "finished": 0, "stored": 0}
progress = os.fdopen(int(os.environ["DEPLOY_GATE_FD"]), "w", buffering=1) if "DEPLOY_GATE_FD" in os.environ else None


def on_term(*_):
    asked.append(time.monotonic())
    # One that comes twice in one moment is one.
    if asked[-1] - asked[0] > 1:
        putting_away.set()


def count(**changes):
    with counting:
        for name, change in changes.items():
            counts[name] += change
        if progress:
            progress.write(json.dumps(counts) + "\n")


def tick():
    trial.tick(putting_away, lambda how: count(running=-1, **{how: 1}), lambda: count(running=1))


signal.signal(signal.SIGTERM, on_term)
jobs = []
while not asked:
    jobs = [job for job in jobs if job.is_alive()] + [threading.Thread(target=tick)]
    jobs[-1].start()
    time.sleep(0.2)
for job in jobs:
    job.join()
signal.signal(signal.SIGTERM, signal.SIG_DFL)
os.kill(os.getpid(), signal.SIGTERM)
