"""The doors that Meta has, over HTTP: every path outside /sandbox is read as a call of the Graph API."""

import asyncio
import re
import socket
import struct
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

import orjson
from aiohttp import web

from sandbox.errors import Refusal, bad_parameter, no_such_object, unknown_path
from sandbox.faults import Call, Fault, FaultKind
from sandbox.people import AccountState
from sandbox.platform import Answer, Platform, Post, error_answer
from sandbox.reads import list_conversations, list_messages, read_account, read_object, reads_conversations
from sandbox.send_api import Dropped, SendApi, spoilt_body
from sandbox.send_rules import check_attachment, structured

_VERSION: Final = re.compile(r"v([2-9][0-9])\.[0-9]")
_CONTENT_TYPE: Final = "application/json; charset=UTF-8"
_SEND_PATH_PARTS: Final = 2


class GraphApi:
    """Answers Graph calls for a platform."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.send_api = SendApi(platform)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer any call as Meta would, or as a fault has it."""
        arrived = self.platform.monotonic()
        version, *path = request.path[1:].split("/")
        if not _VERSION.fullmatch(version):
            return _response(error_answer(unknown_path("/".join([version, *path]))), version)
        parameters = await _parameters(request)
        token = _token(request, parameters)
        if len(path) == _SEND_PATH_PARTS and path[1] == "messages" and request.method == "POST":
            answer = await self.send_api.take(Post(path[0], token, parameters, arrived))
            return _dropped(request, answer) if isinstance(answer, Dropped) else _response(answer, version)
        fault = self._read_fault(request.method, path, token, parameters=parameters)
        if fault is not None and fault.kind in (FaultKind.DELAY, FaultKind.HANG):
            await asyncio.sleep(fault.seconds)
        if fault is not None and fault.kind in (FaultKind.DROP, FaultKind.HANG):
            return _dropped(request, Dropped(fault.is_reset))
        answer = self._read(request.method, path, token, parameters=parameters)
        return _response(_spoilt(answer, fault), version)

    def _read_fault(
        self, method: str, path: list[str], token: str | None, *, parameters: Mapping[str, Any]
    ) -> Fault | None:
        """Return the fault that strikes a read of conversations, if one does; a throttle begins to hold."""
        book = self.platform.faults
        if not book.entries or method != "GET" or not path:
            return None
        try:
            states = self.platform.accounts_with(token)
        except Refusal:
            return None
        state = reads_conversations(states, path[0], "/".join(path[1:]))
        if state is None:
            return None
        user = state.conversations.get(path[0]) or parameters.get("user_id")
        fault = book.take(state.account.ids, user, call=Call.CONVERSATIONS)
        if fault is not None and fault.kind is FaultKind.THROTTLE and fault.error is not None:
            self.platform.throttle_reads(state, fault.error, seconds=fault.seconds)
        return fault

    def _read(self, method: str, path: list[str], token: str | None, *, parameters: Mapping[str, Any]) -> Answer:
        """Answer a call that sends nothing."""
        node, edge = path[0] if path else "", "/".join(path[1:])
        platform = self.platform
        try:
            states = platform.accounts_with(token)
            own = [state for state in states if node == "me" or node in state.account.ids]
            if own:
                found = self._read_own(method, node, edge, states=own, parameters=parameters)
            elif method == "GET" and edge == "messages":
                found = list_messages(platform, states, node, _texts(parameters))
            elif method == "GET" and not edge:
                found = read_object(platform, states, node, _texts(parameters))
            else:
                raise Refusal(no_such_object(method, node))  # noqa: TRY301  one place turns refusals into answers
        except Refusal as refusal:
            return error_answer(refusal.error)
        return Answer(200, orjson.dumps(found))

    def _read_own(
        self, method: str, node: str, edge: str, *, states: list[AccountState], parameters: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return the answer about the token's own accounts of this node, or raise Refusal."""
        match method, edge:
            case "GET", "":
                return read_account(states[0], node, _texts(parameters))
            case "GET", "conversations":
                return list_conversations(self.platform, states, _texts(parameters))
            case "POST", "message_attachments":
                return self._upload(states, parameters)
            case "POST", "subscribed_apps":
                self.platform.teller.unsubscribed.difference_update(state.account.external_id for state in states)
                return {"success": True}
            case "GET", "messages":
                raise Refusal(bad_parameter("Tried accessing nonexisting field (messages) on node type (Page)"))
            case _, "":
                raise Refusal(no_such_object(method, node))
            case _:
                raise Refusal(unknown_path(edge))

    def _upload(self, states: list[AccountState], parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Give an attachment an id for the accounts. Nothing is fetched."""
        message = structured(parameters.get("message"))
        check_attachment(structured(message.get("attachment")) if isinstance(message, dict) else None)
        attachment_id = self.platform.ids.digits()
        for state in states:
            state.attachments.add(attachment_id)
        return {"attachment_id": attachment_id}


def _spoilt(answer: Answer, fault: Fault | None) -> Answer:
    """Return what a fault makes of a read's answer."""
    if fault is None:
        return answer
    if fault.kind is FaultKind.ERROR and fault.error is not None:
        return error_answer(fault.error)
    if fault.kind is FaultKind.GARBAGE:
        return Answer(200, spoilt_body(fault.form, answer.body))
    return answer


async def _parameters(request: web.Request) -> dict[str, Any]:
    """Return query and body as one object. A body that cannot be read holds nothing, as at Meta."""
    query = dict(request.query) if request.query_string else {}
    if not request.can_read_body:
        return query
    match request.content_type:
        case "application/json":
            return query | _json_object(await request.read())
        case "application/x-www-form-urlencoded":
            return query | _form(await request.read())
        case "multipart/form-data":
            posted = await request.post()
            return query | {name: value for name, value in posted.items() if isinstance(value, str)}
        case _:
            return query


def _json_object(body: bytes) -> dict[str, Any]:
    """Return the object the body holds, empty if it holds none."""
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _form(body: bytes) -> dict[str, Any]:
    """Return the fields of a form; objects within are JSON texts."""
    fields = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
    return {name: structured(value) for name, value in fields}


def _token(request: web.Request, parameters: Mapping[str, Any]) -> str | None:
    """Return the token from the Authorization header, else from query or body."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if token and scheme.lower() in ("bearer", "oauth"):
        return token.strip()
    given = parameters.get("access_token")
    return given if isinstance(given, str) and given else None


def _texts(parameters: Mapping[str, Any]) -> dict[str, str]:
    """Return the parameters of a read, which are all texts."""
    return {name: str(value) for name, value in parameters.items()}


def _response(answer: Answer, version: str) -> web.Response:
    """Return the answer as an HTTP response."""
    headers = {"Content-Type": _CONTENT_TYPE, "facebook-api-version": version}
    if answer.headers:
        headers.update(answer.headers)
    if answer.body.startswith(b"<"):
        headers["Content-Type"] = "text/html; charset=utf-8"
    return web.Response(body=answer.body, status=answer.status, headers=headers)


def _dropped(request: web.Request, dropped: Dropped) -> web.Response:
    """Close the connection; the response returned can no longer be written."""
    transport = request.transport
    if transport is not None:
        if dropped.is_reset:
            # Zero lingering makes the kernel send RST instead of FIN.
            connection = transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    return web.Response(status=500)
