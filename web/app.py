"""The app: its routes, what stands before them, and fixed answers where nobody asked for anything we have."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.telemetry import TelemetryConfig
from starlette.exceptions import HTTPException

from web.body import BoundedBody
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

    async def malformed(_: Request, __: Exception) -> Response:
        receiver.meters.refuse(Refusal.MALFORMED)
        return refused(Refusal.MALFORMED)

    app = FastAPI(
        title="Windowcast webhooks",
        openapi_url=None,
        lifespan=lifespan,
        redirect_slashes=False,
        strict_content_type=False,
        telemetry=_NO_TELEMETRY,
    )
    # The doors, each a router of its own.
    app.include_router(meta_routes(receiver))
    app.include_router(watching_routes(receiver))

    app.add_middleware(BoundedBody, limits=receiver.body_limits, on_refused=receiver.meters.refuse)
    app.add_exception_handler(RequestValidationError, malformed)
    app.add_exception_handler(HTTPException, _not_here)
    app.add_exception_handler(Exception, _fault)
    return app


async def _not_here(_: Request, error: Exception) -> Response:
    status, headers = (error.status_code, error.headers) if isinstance(error, HTTPException) else (500, None)
    return Response(status_code=status, headers=headers)


async def _fault(_: Request, __: Exception) -> Response:
    return Response(status_code=500)
