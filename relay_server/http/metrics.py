"""What the relay counts, for Prometheus, on the health port: requests, the log, room, stamping. No names.

Counters are this process's own and begin at its start; the rest is read when asked.
"""

from __future__ import annotations

from aiohttp import web
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)

from relay_server.services.relay import Relay

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """The counters of one relay."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "docsign_relay_requests",
            "Requests by method and status.",
            ("method", "status"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "docsign_relay_request_seconds",
            "Time to the end of an answer; long polls wait.",
            ("method",),
            buckets=SECONDS,
            registry=self.registry,
        )
        self._log = Gauge("docsign_relay_log_records", "Records in the log.", registry=self.registry)
        self._free = Gauge(
            "docsign_relay_free_bytes", "Room on the disk of the bodies.", registry=self.registry
        )
        self._failing = Gauge(
            "docsign_relay_stamping_failing_seconds",
            "For how long the log could not be time-stamped.",
            registry=self.registry,
        )

    def count(self, method: str, status: int, seconds: float) -> None:
        """Count an answer; methods that are none of ours count as one."""
        known = method if method in ("GET", "HEAD", "POST", "PATCH", "DELETE", "OPTIONS") else "other"
        self._requests.labels(known, str(status)).inc()
        self._seconds.labels(known).observe(seconds)

    async def text(self, relay: Relay) -> bytes:
        """Return everything in Prometheus' text format; raises StorageError."""
        self._log.set((await relay.ledger.read(lambda tx: tx.log_state())).size)
        self._free.set(await relay.bodies.free_space())
        since = relay.stamping.failing_since if relay.stamping else None
        self._failing.set((relay.now() - since).total_seconds() if since else 0)
        return bytes(generate_latest(self.registry))


def add_metrics(app: web.Application, relay: Relay, metrics: Metrics) -> None:
    """Serve the counters under /metrics."""

    async def show(_request: web.Request) -> web.Response:
        return web.Response(body=await metrics.text(relay), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app.router.add_get("/metrics", show)


METRICS = web.AppKey("metrics", Metrics)
