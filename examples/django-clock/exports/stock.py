from django.conf import settings
from django.utils import timezone
from redis import Redis

# Heroku's Redis has a self-signed certificate.
TLS = {"ssl_cert_reqs": None} if settings.REDIS_URL.startswith("rediss:") else {}


def export_stock():
    """Waits until the warehouse has counted, for EXPORT_SECONDS at most, and exports what it says. Can't be interrupted."""
    name = timezone.now().strftime("%H:%M:%S")
    print("export %s started" % name)
    with Redis.from_url(settings.REDIS_URL, decode_responses=True, **TLS) as redis:
        _, stock = redis.blpop("stock", timeout=settings.EXPORT_SECONDS) or ("stock", "not counted")
        redis.rpush("exports", "%s by %s: %s" % (name, settings.RELEASE, stock))
    print("export %s finished" % name)
