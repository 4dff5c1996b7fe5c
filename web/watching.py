"""The doors for whoever keeps the receiver running: is it alive, is it ready, what does it count."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from web.receiver import Receiver


def watching_routes(receiver: Receiver) -> APIRouter:
    """Return the routes `/healthz`, `/readyz` and `/metrics`. None of them asks the database."""
    routes = APIRouter()

    @routes.get("/healthz", response_class=PlainTextResponse)
    async def health() -> Response:
        """Say that the process lives."""
        return PlainTextResponse("alive")

    @routes.get("/readyz", responses={503: {"description": "a body would not be stored now"}})
    async def readiness() -> Response:
        """Say whether a body that came now would be stored, and what keeps it from being so."""
        return JSONResponse(_standing(receiver), status_code=200 if receiver.is_ready else 503)

    @routes.get("/metrics", response_class=PlainTextResponse)
    async def metrics() -> Response:
        """Show the counters in the form of Prometheus."""
        return Response(generate_latest(receiver.meters.registry), media_type=CONTENT_TYPE_LATEST)

    return routes


def _standing(receiver: Receiver) -> dict[str, str]:
    follower = receiver.follower
    return {
        "database": "answers" if receiver.has_database else "away",
        "inbox": "has room" if receiver.inbox.has_room else "full",
        "reconcile": "off" if follower is None else "running" if follower.is_running else "waiting",
    }
