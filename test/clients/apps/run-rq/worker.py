"""An RQ worker as docs/recipes.md has it. Run as a program it enqueues jobs: `worker.py name …`."""

import signal
import sys

import jobs
from rq import Queue, Retry
from rq.worker import HerokuWorker

# Where `rq worker -c worker` looks for it: with --url it would stand in the process table.
REDIS_URL = jobs.REDIS_URL


class GatedWorker(HerokuWorker):
    """Its work-horse is not ended by the SIGTERM that Heroku sends it. SIGUSR1 ends the job in hand, and its retry is enqueued."""

    def _install_signal_handlers(self):
        super()._install_signal_handlers()
        signal.signal(signal.SIGUSR1, lambda *_: self.horse_pid and self.kill_horse())

    def handle_warm_shutdown_request(self):
        """Sets the job no limit of 6 s."""

    def request_force_stop(self, *_):
        """A second SIGTERM is the first one, come from Heroku too."""


if __name__ == "__main__":
    for name in sys.argv[1:]:
        Queue(connection=jobs.server).enqueue(jobs.work, name, job_timeout="1h", retry=Retry(max=3))
