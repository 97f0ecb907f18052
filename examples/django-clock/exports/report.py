import time

from django.conf import settings
from django.utils import timezone


def export_report():
    """An export takes a while and can't be interrupted."""
    name = timezone.now().strftime("%H:%M:%S")
    print("export %s started" % name)
    time.sleep(settings.EXPORT_SECONDS)
    print("export %s finished" % name)
