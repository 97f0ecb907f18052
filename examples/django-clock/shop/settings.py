import os

SECRET_KEY = os.environ["SECRET_KEY"]

INSTALLED_APPS = ["exports"]

USE_TZ = True
TIME_ZONE = "UTC"

REDIS_URL = os.environ.get("REDIS_URL", "")
RELEASE = os.environ.get("HEROKU_RELEASE_VERSION", "some release")

EXPORT_EVERY_SECONDS = int(os.environ.get("EXPORT_EVERY_SECONDS", "300"))
EXPORT_SECONDS = int(os.environ.get("EXPORT_SECONDS", "40"))
