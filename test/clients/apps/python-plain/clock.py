import threading
import time

import deploy_gate
import trial

held = threading.Event()
dispatching = threading.Lock()
jobs = set()


def drain(context):
    with dispatching:
        # Withdrawn before it began: its resume is over, and nothing would end this hold.
        if context.withdrawn.is_set():
            return None
        held.set()
    counts = {"finished": 0, "stored": 0}
    running = [job for job in jobs if job.is_alive()]
    for job in running:
        job.stopping = context.stop
    while not context.withdrawn.is_set():
        alive = [job for job in running if job.is_alive()]
        for how in counts:
            counts[how] = sum(1 for job in running if job not in alive and job.how == how)
        context.report(running=len([job for job in alive if job.working]), **counts)
        if not alive:
            return counts
        alive[0].join(0.05)


def resume():
    with dispatching:
        held.clear()
    trial.say("scheduling")


class Job(threading.Thread):
    stopping = trial.never
    how = None
    working = False

    def is_set(self):
        # Asked only by a job at work.
        self.working = True
        return self.stopping.is_set()

    def run(self):
        trial.tick(self, lambda how: setattr(self, "how", how))
        jobs.discard(self)


if trial.GATED:
    deploy_gate.join(drain, resume)
trial.say("scheduling")
while True:
    with dispatching:
        if not held.is_set():
            job = Job(daemon=True)
            jobs.add(job)
            job.start()
    time.sleep(0.2)
