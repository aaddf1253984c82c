"""Whether the relay lives and is ready, on a port of its own, for the operator's machines alone."""

from __future__ import annotations

from aiohttp import web

from docsign.errors import StorageError
from docsign.exchange import wire
from relay_server.http.metrics import Metrics, add_metrics
from relay_server.services.relay import Relay


def health(relay: Relay, metrics: Metrics | None = None) -> web.Application:
    """Return the application of the health port; it answers to anyone who reaches it."""

    async def live(_request: web.Request) -> web.Response:
        return web.json_response({"live": True})

    async def ready(_request: web.Request) -> web.Response:
        try:
            await relay.ledger.check()
            await relay.bodies.check()
            has_room = await relay.bodies.free_space() >= relay.limits.free_space
            await relay.ledger.read(lambda tx: tx.agencies("", "", 1))
        except StorageError as error:
            return web.json_response({"ready": False, "reason": error.text("en")}, status=503)
        if not has_room:
            return web.json_response({"ready": False, "reason": "disk full"}, status=503)
        answer: dict[str, object] = {"ready": True}
        if relay.stamping is not None:  # what waits is still handed out when nothing is accepted
            since = relay.stamping.failing_since
            answer["accepting"] = not relay.stamping.has_stopped(relay.now())
            answer["stamping"] = "in order" if since is None else f"failing since {since.isoformat()}"
        return web.json_response(answer)

    app = web.Application()
    app.router.add_get(wire.LIVE, live)
    app.router.add_get(wire.READY, ready)
    if metrics is not None:
        add_metrics(app, relay, metrics)
    return app
