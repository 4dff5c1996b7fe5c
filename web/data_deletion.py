"""The platform's data deletion callback, and the page on which its people see how their request stands."""

import asyncio
import logging
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, JSONResponse, Response

from clients.postgres import Connection, connect
from domain.errors import ServiceAwayError
from domain.signed_request import DeletionWish, ForgedRequestError, MalformedRequestError, read_deletion_wish
from tasks.deletion_requests import find_request, keep_request
from web.receiver import Receiver

logger = logging.getLogger("windowcast.web")

PATH: Final = "/webhooks/meta/data-deletion"
_MOST_BYTES: Final = 16 * 1024
# Each of these opens a connection; they are rare, and whoever asks for many pages waits for his own ones.
_MOST_AT_ONCE: Final = 4
_CODE: Final = re.compile(r"[0-9a-f]{32}")
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

_SIGNED_REQUEST: Final = {"type": "string", "pattern": r"^[A-Za-z0-9_-]{43}\.([A-Za-z0-9_-]{4})+$"}
_SIGNED_FORM: Final = {
    "requestBody": {
        "required": True,
        "content": {
            "application/x-www-form-urlencoded": {
                "schema": {
                    "type": "object",
                    "properties": {"signed_request": _SIGNED_REQUEST},
                    "required": ["signed_request"],
                    "additionalProperties": False,
                }
            }
        },
    }
}

_T = TypeVar("_T")


def data_deletion_routes(receiver: Receiver) -> APIRouter:
    """Return the callback and its page. Any of the app secrets may have signed a request.

    Without a public address the one is taken that the platform asked. Who cannot be found by the id that the platform
    gives its apps is told where to ask.
    """
    router = APIRouter()
    desk = _Desk(receiver.url)
    public_url, contact = receiver.public_url, receiver.privacy_contact

    @router.post(
        PATH, responses=_described("The request is refused.", 400, 403, 408, 413, 503), openapi_extra=_SIGNED_FORM
    )
    async def ask(request: Request) -> Response:
        """Keep a signed request to delete somebody's data, and say where its person sees how it stands."""
        signed = _signed_request(await _body(request))
        if signed is None:
            return _refusal(400, "a signed_request is expected")
        try:
            wish = read_deletion_wish(signed, receiver.keys.app_secrets)
        except MalformedRequestError:
            return _refusal(400, "the signed_request cannot be read")
        except ForgedRequestError:
            logger.warning("a data deletion request has a bad signature")
            return _refusal(403, "the signature is wrong")
        return await _keep(desk, wish, base=public_url or str(request.base_url).rstrip("/"))

    @router.get(PATH + "/{code}", response_class=HTMLResponse, responses=_described("A page that says so.", 404, 503))
    async def show(code: str) -> Response:
        """Show how a request stands; nothing on the page is of its person."""
        try:
            found = await desk.do(lambda connection: find_request(connection, code)) if _CODE.fullmatch(code) else None
        except ServiceAwayError:
            return _page(503, request=None, is_away=True, code="", contact=contact)
        return _page(404 if found is None else 200, request=found, is_away=False, code=code, contact=contact)

    return router


class _Desk:
    """Does short work in the database, a few at once, away from the loop that takes webhooks in."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._places = asyncio.Semaphore(_MOST_AT_ONCE)

    async def do(self, work: Callable[[Connection], _T]) -> _T:
        async with self._places:
            return await run_in_threadpool(self._do, work)

    def _do(self, work: Callable[[Connection], _T]) -> _T:
        with connect(self._url) as connection:
            return work(connection)


async def _keep(desk: _Desk, wish: DeletionWish, *, base: str) -> Response:
    try:
        await desk.do(lambda connection: keep_request(connection, wish))
    except ServiceAwayError:
        return _refusal(503, "the request could not be kept; ask again later")
    return JSONResponse({"url": f"{base}{PATH}/{wish.code}", "confirmation_code": wish.code}, headers=_HEADERS)


async def _body(request: Request) -> bytes | None:
    """Return a body that is not too long, and None as soon as it is."""
    body = bytearray()
    async for block in request.stream():
        body += block
        if len(body) > _MOST_BYTES:
            return None
    return bytes(body)


def _signed_request(body: bytes | None) -> str | None:
    if body is None:
        return None
    try:
        fields = parse_qs(body.decode("ascii"), max_num_fields=10)
    except ValueError:
        return None
    values = fields.get("signed_request", [])
    return values[0] if len(values) == 1 else None


def _described(what: str, *statuses: int) -> dict[int | str, dict[str, Any]]:
    return {status: {"description": what} for status in statuses}


def _refusal(status: int, why: str) -> Response:
    return JSONResponse({"error": why}, status_code=status, headers=_HEADERS)


def _page(status: int, **values: Any) -> Response:
    return HTMLResponse(_template().render(**values), status_code=status, headers=_HEADERS)


@cache
def _template() -> Any:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=jinja2.StrictUndefined
    )
    return environment.get_template("data_deletion.html")
