"""A Celery worker with its beat, without any gate code. See docs/conformance.md."""

import ctypes
import json
import multiprocessing
import os
import signal
import sys
import threading

import trial
from celery import Celery
from celery.signals import worker_shutting_down

app = Celery("clock", broker=os.environ["REDIS_URL"])
app.conf.update(
    beat_schedule={"tick": {"task": "clock.tick", "schedule": 0.2, "options": {"ignore_result": True}}},
    # The apps under trial share one Redis.
    broker_transport_options={"global_keyprefix": trial.COUNTS + ":celery:"},
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    # What a job says stands at the beginning of its line.
    worker_redirect_stdouts=False,
)

# In memory that the pool's processes share with the one that forks them.
counts = {name: multiprocessing.Value("i", 0, lock=False) for name in ("running", "finished", "stored")}
counting = multiprocessing.Lock()
progress = int(os.environ["DEPLOY_GATE_FD"]) if "DEPLOY_GATE_FD" in os.environ else None
putting_away = threading.Event()


def count(**changes):
    with counting:
        for name, change in changes.items():
            counts[name].value += change
        if progress is not None:
            os.write(progress, b"%s\n" % json.dumps({name: at.value for name, at in counts.items()}).encode())


def die_with_parent():
    """A worker that is told to end while it boots leaves its beat behind (Celery 5.2: "not fully started, can safely exit")."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
    if os.getppid() != parent:
        os._exit(0)


parent = os.getpid()
os.register_at_fork(after_in_child=die_with_parent)


@worker_shutting_down.connect
def hear_it_once(**_):
    """A second SIGTERM is the first one, come from Heroku too, and would break the warm shutdown off."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


@app.task(name="clock.tick")
def tick():
    # Only a cold shutdown tells the pool's processes, and Heroku. By default a task ends by SystemExit then.
    before = signal.signal(signal.SIGTERM, lambda *_: putting_away.set())
    try:
        trial.tick(putting_away, lambda how: count(running=-1, **{how: 1}), lambda: count(running=1))
    finally:
        signal.signal(signal.SIGTERM, before)
    if putting_away.is_set():
        sys.exit()
