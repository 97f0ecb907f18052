"""Celery beat alone: it enqueues, and nobody here works."""

import os

from celery import Celery

app = Celery("clock", broker=os.environ["REDIS_URL"])
app.conf.beat_schedule = {"tick": {"task": "tick", "schedule": 0.2}}
