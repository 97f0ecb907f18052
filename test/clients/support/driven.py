"""An app whose handlers end when a test says so, and that executes what the test writes to its standard input."""

import sys
import threading


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
    print("drain %d" % len(drains))
    call._over.wait()
    try:
        return call._end()
    finally:
        print("drain ended")


def resume():
    print("resume")


def obey(names):
    """Executes one statement a line, until the test closes the pipe."""
    for statement in sys.stdin:
        exec(statement, names)
