"""A Celery worker as docs/recipes.md has it. Run as a program it enqueues jobs: `worker.py name …`."""

import signal
import sys

import jobs
from celery import Celery
from celery.signals import worker_shutting_down

app = Celery("worker", broker=jobs.REDIS_URL)
app.conf.update(task_acks_late=True, task_reject_on_worker_lost=True, worker_prefetch_multiplier=1)


@worker_shutting_down.connect
def hear_it_once(**_):
    """A second SIGTERM is the first one, come from Heroku too, and would break the warm shutdown off."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


@app.task(name="job")
def job(name):
    jobs.work(name)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        job.delay(name)
