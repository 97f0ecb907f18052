import time

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

import deploy_gate
import trial

scheduler = BackgroundScheduler(executors={"default": ThreadPoolExecutor(20)}, timezone="UTC")
guard = None


def run():
    if guard:
        trial.tick(guard.stopping, lambda how: guard.stored() if how == "stored" else None)
    else:
        trial.tick()


scheduler.add_job(run, "interval", seconds=0.2, id="tick", name="tick", max_instances=20, coalesce=True)
if trial.GATED:
    guard = deploy_gate.guard_apscheduler(scheduler)
scheduler.start()
trial.say("scheduling")
while True:
    time.sleep(60)
