"""An app whose handlers end when a test says so, and that executes what the test writes to its standard input."""

import sys
import threading

# A line is sent when it is complete, and in one piece: several threads say something.
sys.stdout.reconfigure(line_buffering=True)


def say(*words):
    sys.stdout.write(" ".join(map(str, words)) + "\n")


class Call:
    """One call of the drain handler."""

    def __init__(self, context):
        self.context = context
        self._over = threading.Event()
        self._end = lambda: None

    def end(self, counts=None):
        self._end = lambda: counts
        self._over.set()

    def fail(self, error):
        def end():
            raise error

        self._end = end
        self._over.set()


drains = []


def drain(context):
    call = Call(context)
    drains.append(call)
    say("drain %d" % len(drains))
    call._over.wait()
    try:
        return call._end()
    finally:
        say("drain ended")


def resume():
    say("resume")


def obey(names):
    """Executes one statement a line, until the test closes the pipe."""
    for statement in sys.stdin:
        exec(statement, names)
