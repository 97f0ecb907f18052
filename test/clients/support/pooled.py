"""Jobs that a process pool runs: they are told and tell by files."""

import os
import time


def work(path):
    """Writes its process id to `path`.pid, waits for `path`, then writes `path`.done."""
    with open(path + ".writing", "w") as file:
        file.write(str(os.getpid()))
    os.rename(path + ".writing", path + ".pid")
    while not os.path.exists(path):
        time.sleep(0.02)
    touch(path + ".done")


def touch(path):
    open(path, "w").close()
