"""What the scripts that try the guard on a scheduler have in common."""

import threading
import time
from datetime import datetime, timedelta, timezone

from deploy_gate import DrainContext


def later(seconds=0):
    return datetime.now(timezone.utc) + timedelta(seconds=seconds)


def once(scheduler, job, *args, **options):
    """Adds a job that runs now, or as soon as it may."""
    scheduler.add_job(job, "date", run_date=later(), args=args, misfire_grace_time=None, **options)


def hourly(scheduler, job, *args, **options):
    """Adds a job that runs now and stays in its store."""
    scheduler.add_job(job, "interval", hours=1, next_run_time=later(), args=args, misfire_grace_time=None, **options)


def until(condition):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "waited for in vain"
        time.sleep(0.01)


def context(withdrawn=False):
    """What a drain handler is given."""
    given = DrainContext(lambda: None)
    if withdrawn:
        given.withdrawn.set()
    return given


def drain(guard):
    """Begins a drain. Returns its context, and a function that waits for its counts."""
    given, counts = context(), []
    thread = threading.Thread(target=lambda: counts.append(guard.drain(given)))
    thread.start()

    def ended(limit=20):
        thread.join(limit)
        return counts[0] if counts else None

    return given, ended
