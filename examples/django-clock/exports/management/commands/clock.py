from functools import wraps

from apscheduler.schedulers.blocking import BlockingScheduler
from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import close_old_connections

import deploy_gate  # gate
from exports.stock import export_stock


def with_fresh_connections(job):
    """Django closes stale database connections around requests. A clock serves none, so that each job does it, in its own thread."""

    @wraps(job)
    def run():
        close_old_connections()
        try:
            job()
        finally:
            close_old_connections()

    return run


class Command(BaseCommand):
    help = "Runs the app's schedule until it is told to end."

    def handle(self, *args, **options):
        scheduler = BlockingScheduler(timezone=settings.TIME_ZONE)
        scheduler.add_job(with_fresh_connections(export_stock), "interval", seconds=settings.EXPORT_EVERY_SECONDS)

        # Returns when the clock may schedule: a clock that boots in the middle of a deploy waits here for its end.
        deploy_gate.guard_apscheduler(scheduler)  # gate

        self.stdout.write("clock is scheduling")
        scheduler.start()
