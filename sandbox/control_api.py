"""The doors that Meta does not have: /sandbox/..., by which a test or a demo sets the scene and reads the truth."""

import base64
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any, Final

import orjson
from aiohttp import web

from sandbox.clock import iso_from_milliseconds, milliseconds_from
from sandbox.errors import ControlError
from sandbox.faults import PRESETS, read_rule
from sandbox.fields import with_changes
from sandbox.platform import Platform
from sandbox.webhooks import QueuedBody

_WEBHOOKS_LIMIT: Final = 1000
_TOLD_LIMIT: Final = 100_000
_WHOLE_LOG: Final = 1_000_000_000

_Call = Callable[[web.Request], Awaitable[web.StreamResponse]]


class ControlApi:
    """Answers control calls for a platform."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform

    def routes(self) -> list[web.RouteDef]:
        """Return every route of the control API."""
        paths: dict[tuple[str, str], Callable[[web.Request], Awaitable[object]]] = {
            ("GET", "accounts"): self.list_accounts,
            ("POST", "accounts"): self.put_accounts,
            ("POST", "people"): self.people_act,
            ("POST", "page"): self.page_act,
            ("GET", "faults"): self.list_faults,
            ("POST", "faults"): self.add_faults,
            ("DELETE", "faults"): self.clear_faults,
            ("GET", "clock"): self.read_clock,
            ("POST", "clock"): self.set_clock,
            ("GET", "rules"): self.read_rules,
            ("POST", "rules"): self.set_rules,
            ("GET", "log"): self.read_log,
            ("GET", "posts"): self.read_posts,
            ("GET", "summary"): self.read_summary,
            ("GET", "told"): self.read_told,
            ("GET", "webhooks"): self.read_webhooks,
            ("POST", "webhooks"): self.set_webhooks,
            ("GET", "webhooks/settings"): self.read_webhook_settings,
            ("POST", "webhooks/release"): self.release_webhooks,
            ("POST", "webhooks/replay"): self.replay_webhooks,
        }
        return [web.route(method, f"/sandbox/{path}", _answered(call)) for (method, path), call in paths.items()]

    async def list_accounts(self, _: web.Request) -> object:
        """Return all accounts, without tokens and secrets."""
        return [
            {
                "external_id": state.account.external_id,
                "page_id": state.account.page_id,
                "channel": state.account.channel,
                "name": state.account.name,
                "has_token": state.account.token is not None,
                "people": len(state.people),
                "is_subscribed": state.account.external_id not in self.platform.teller.unsubscribed,
            }
            for state in self.platform.accounts.values()
        ]

    async def put_accounts(self, request: web.Request) -> object:
        """Create accounts, or change the given fields of those that exist; a token of null is no token."""
        items = await _items(request)
        return [{"external_id": self.platform.put_account(item).external_id} for item in items]

    async def people_act(self, request: web.Request) -> object:
        """Let people do things on accounts; all or none."""
        items = await _items(request)
        return {"count": len(items), "object_ids": self.platform.people_act(items)}

    async def page_act(self, request: web.Request) -> object:
        """Let accounts, other apps and Meta do things; all or none."""
        return {"count": self.platform.page_act(await _items(request))}

    async def list_faults(self, _: web.Request) -> object:
        """Return the rules in force with their counts, and the names of all presets."""
        return {"rules": self.platform.faults.as_json(), "presets": sorted(PRESETS)}

    async def add_faults(self, request: web.Request) -> object:
        """Add one rule or a list of rules."""
        rules = [read_rule(item) for item in await _items(request)]
        for rule in rules:
            self.platform.faults.add(rule)
        return {"count": len(rules)}

    async def clear_faults(self, _: web.Request) -> object:
        """Forget all rules and end all throttles."""
        self.platform.clear_faults()
        return {"count": 0}

    async def read_clock(self, _: web.Request) -> object:
        """Return the platform's time and its offset from the machine's."""
        clock = self.platform.clock
        now_ms = clock.now_ms()
        return {"now": iso_from_milliseconds(now_ms), "now_ms": now_ms, "offset_seconds": clock.offset_seconds}

    async def set_clock(self, request: web.Request) -> object:
        """Set the offset, advance the clock, or say what time it is."""
        clock = self.platform.clock
        match await _object(request):
            case {"offset_seconds": int() | float() as seconds, **rest} if not rest:
                clock.offset_seconds = float(seconds)
            case {"advance_seconds": int() | float() as seconds, **rest} if not rest:
                clock.advance(seconds)
            case {"now": now, **rest} if not rest:
                clock.set_now(milliseconds_from(now))
            case _:
                raise ControlError("give one of offset_seconds, advance_seconds (numbers) and now (ISO 8601)")
        self.platform.catch_up()
        return await self.read_clock(request)

    async def read_rules(self, _: web.Request) -> object:
        """Return which of Meta's rules hold."""
        return self.platform.rules

    async def set_rules(self, request: web.Request) -> object:
        """Switch rules on or off."""
        self.platform.rules = with_changes(self.platform.rules, await _object(request))
        return self.platform.rules

    async def read_log(self, request: web.Request) -> object:
        """Return the accepted messages behind number `after`, up to `limit` of them."""
        return _behind(self.platform.truth.accepted, request)

    async def read_posts(self, request: web.Request) -> object:
        """Return the POSTs behind number `after`, up to `limit` of them."""
        return _behind(self.platform.truth.posts, request)

    async def read_summary(self, _: web.Request) -> object:
        """Return the counts."""
        return self.platform.truth.summary()

    async def read_told(self, request: web.Request) -> object:
        """Return the told events behind number `after`, up to `limit` of them."""
        self.platform.catch_up()
        limit = _number(request, "limit", _TOLD_LIMIT)
        return self.platform.teller.queue.told.after(_number(request, "after", 0), limit)

    async def read_webhooks(self, request: web.Request) -> object:
        """Return the published bodies behind number `after`, up to `limit` of them."""
        self.platform.catch_up()
        queue = self.platform.teller.queue
        found = queue.after(_number(request, "after", 0), _number(request, "limit", _WEBHOOKS_LIMIT))
        return [_body_json(number, body) | queue.tries_of(number) for number, body in found]

    async def read_webhook_settings(self, _: web.Request) -> object:
        """Return the settings, the accounts' own, and how many bodies are published, held and dropped, events due."""
        teller = self.platform.teller
        queue = teller.queue
        return {
            "settings": {**asdict(queue.settings), **asdict(teller.receipts)},
            "accounts": teller.own,
            "published": queue.published_count,
            "held": queue.held_count,
            "dropped": queue.dropped_count,
            "due": len(teller.schedule),
        }

    async def set_webhooks(self, request: web.Request) -> object:
        """Change settings. What waits is made into bodies with the settings it came under."""
        self.platform.change_webhooks(await _object(request))
        return await self.read_webhook_settings(request)

    async def release_webhooks(self, request: web.Request) -> object:
        """Publish what is held, the oldest `count` or all; holding goes on."""
        given = await _object(request)
        count = given.get("count")
        if given.keys() - {"count"} or (count is not None and (not isinstance(count, int) or count < 0)):
            raise ControlError("give count, a whole number, or nothing")
        self.platform.catch_up()
        queue, now_ms = self.platform.teller.queue, self.platform.clock.now_ms()
        return {"released": queue.release(now_ms=now_ms, count=count)}

    async def replay_webhooks(self, request: web.Request) -> object:
        """Publish bodies once more, byte for byte; they get new numbers."""
        match await _object(request):
            case {"numbers": list() as numbers, **rest} if not rest:
                now_ms = self.platform.clock.now_ms()
                return {"numbers": self.platform.teller.queue.replay(numbers, now_ms=now_ms)}
            case _:
                raise ControlError("give numbers, a list of the numbers of published bodies")


def _answered(call: Callable[[web.Request], Awaitable[object]]) -> _Call:
    """Return the call as aiohttp wants it: what it returns as JSON, what it refuses as 400 with a sentence."""

    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            return _json(await call(request))
        except ControlError as error:
            return _json({"error": str(error)}, status=400)

    return answer


def _json(value: object, *, status: int = 200) -> web.Response:
    """Return the value as a JSON response."""
    return web.Response(body=orjson.dumps(value), status=status, content_type="application/json")


async def _given(request: web.Request) -> Any:
    """Return the JSON of the body."""
    try:
        return orjson.loads(await request.read())
    except orjson.JSONDecodeError as error:
        raise ControlError(f"the body is not JSON: {error}") from None


async def _object(request: web.Request) -> dict[str, Any]:
    """Return the JSON object of the body."""
    given = await _given(request)
    if not isinstance(given, dict):
        raise ControlError("the body is a JSON object")
    return given


async def _items(request: web.Request) -> list[Any]:
    """Return the list in the body; one object stands for a list of one."""
    given = await _given(request)
    items = [given] if isinstance(given, dict) else given
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise ControlError("the body is a list of JSON objects")
    return items


def _number(request: web.Request, name: str, default: int) -> int:
    """Return a whole number of the query."""
    text = request.query.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit()):
        raise ControlError(f"{name} is a whole number, not {text!r}")
    return int(text)


def _behind(entries: list[Any], request: web.Request) -> list[Any]:
    """Return the page of a log that the query asks for. Numbers begin at 1, so the list's index is one less."""
    after = _number(request, "after", 0)
    return entries[after : after + _number(request, "limit", _WHOLE_LOG)]


def _body_json(number: int, body: QueuedBody) -> dict[str, object]:
    """Return a webhook body as JSON can carry it: its bytes in base64."""
    return {
        "number": number,
        "account": body.accounts[0],
        "accounts": body.accounts,
        "body_base64": base64.b64encode(body.body).decode(),
        "headers": body.headers,
    }
