"""The app: its routes, what stands before them, and fixed answers where nobody asked for anything we have."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Final

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.routing import APIRoute
from fastapi.telemetry import TelemetryConfig
from starlette.exceptions import HTTPException

from web.body import BoundedBody
from web.data_deletion import data_deletion_routes
from web.meta import meta_routes
from web.receiver import Receiver
from web.refusals import Refusal, refused
from web.watching import watching_routes

# A trace of a subscription would hold the verify token, which stands in the address.
_NO_TELEMETRY: Final[TelemetryConfig] = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}


def create_app(receiver: Receiver) -> FastAPI:
    """Return the app of a receiver, which runs as long as the app does. Its description is not served."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with receiver.running():
            yield

    app = FastAPI(
        title="Windowcast webhooks",
        openapi_url=None,
        lifespan=lifespan,
        redirect_slashes=False,
        strict_content_type=False,
        telemetry=_NO_TELEMETRY,
    )
    # The doors, each a router of its own; a new one is mounted here.
    routers = [meta_routes(receiver), watching_routes(receiver), data_deletion_routes(receiver)]
    for router in routers:
        app.include_router(router)
    app.add_middleware(BoundedBody, limits=receiver.body_limits, on_refused=receiver.meters.refuse)
    _answer_with_nothing(app, receiver, methods=_methods_of(routers))
    return app


def _answer_with_nothing(app: FastAPI, receiver: Receiver, *, methods: dict[str, str]) -> None:
    """Put empty answers in the place of the framework's pages."""

    async def malformed(_: Request, __: Exception) -> Response:
        receiver.meters.refuse(Refusal.MALFORMED)
        return refused(Refusal.MALFORMED)

    async def not_here(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        allowed = methods.get(request.url.path)
        return Response(status_code=status, headers={"allow": allowed} if allowed else None)

    async def fault(_: Request, __: Exception) -> Response:
        return Response(status_code=500)

    app.add_exception_handler(RequestValidationError, malformed)
    app.add_exception_handler(HTTPException, not_here)
    app.add_exception_handler(Exception, fault)


def _methods_of(routers: Iterable[APIRouter]) -> dict[str, str]:
    """Return all methods of each path: asked for another one, a route would name only its own."""
    methods: dict[str, set[str]] = defaultdict(set)
    for router in routers:
        for route in router.routes:
            if isinstance(route, APIRoute):
                methods[route.path] |= route.methods or set()
    return {path: ", ".join(sorted(names)) for path, names in methods.items()}
