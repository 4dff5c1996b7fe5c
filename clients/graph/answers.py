"""How an answer of the Send API is read: its body as an outcome, its headers as usage and as the time to wait."""

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Final

import orjson

from clients.graph.errors import GraphError, outcome_of
from clients.graph.transport import Failure, Fault, Reply
from domain.outcome import Accepted, NotSent, Outcome, ProviderAnswer, Unknown
from domain.reasons import Reason

_APP_USAGE: Final = "x-app-usage"
_BUSINESS_USAGE: Final = "x-business-use-case-usage"
_PERCENTS: Final = ("call_count", "total_time", "total_cputime")

_MAX_TEXT: Final = 1_000
_MAX_MESSAGE_ID: Final = 2_000  # published ids have up to about 200 characters
_MAX_CODE: Final = 2**31 - 1
_MAX_WAIT_SECONDS: Final = 24 * 3_600.0  # the longest period of any documented limit

_LOOKS_LIKE_A_TOKEN: Final = re.compile(r"\b(EAA|IGAA|IGQ)[A-Za-z0-9_-]{8,}")


def json_object(text: bytes | str) -> dict[str, object]:
    """Return the JSON object that the text is, empty if it is none."""
    try:
        value = orjson.loads(text)
    except ValueError:
        value = _by_the_slower_parser(text)
    return value if isinstance(value, dict) else {}


def _by_the_slower_parser(text: bytes | str) -> object:
    """Parse JSON that may hold half a surrogate pair, which orjson refuses; None if it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def outcome_of_reply(reply: Reply, *, token: str, account_ids: tuple[str, ...]) -> Outcome:
    """Return how a send ended that got this answer. Never raises, whatever the body holds.

    `account_ids` are the ids under which the headers may speak of the account; `token` is taken out of every text.
    """
    body = json_object(reply.body)
    error = error_in(body, token=token)
    if 200 <= reply.status < 300:  # noqa: PLR2004 - HTTP's successes
        return _outcome_of_success(body, error)
    if error is not None:
        return outcome_of(error, status=reply.status, wait_seconds=wait_seconds(reply.headers, account_ids))
    # Not the platform's own words: a proxy, a redirect or a failing front. That holds for a 429, too: only Graph JSON
    # proves that the platform itself refused, and something in between may answer after it passed the request on.
    return _unclear(f"HTTP {reply.status} without a Graph error")


def outcome_of_failure(failure: Failure) -> Outcome:
    """Return how a send ended that got no whole answer; not sent only where no byte can have left."""
    answer = ProviderAnswer(text=failure.words)
    match failure.fault:
        case Fault.NO_FREE_CONNECTION:
            return NotSent(answer)
        case Fault.NOT_CONNECTED:
            return NotSent(answer, service_away=True)
        case Fault.NO_ANSWER:
            return Unknown(Reason.NO_ANSWER, answer)
        case Fault.BROKEN_ANSWER:
            return Unknown(Reason.UNCLEAR_ANSWER, answer)


def error_in(body: Mapping[str, object], *, token: str) -> GraphError | None:
    """Return the Graph error that the body holds, without the token in its text, or None."""
    error = body.get("error")
    if not isinstance(error, dict) or (code := _integer(error.get("code"))) is None:
        return None
    return GraphError(
        code=code,
        subcode=_integer(error.get("error_subcode")) or None,
        text=_text_of(error, token),
    )


def usage_percent(headers: Mapping[str, str]) -> float | None:
    """Return the largest percentage of a limit that the headers report (100 and more: throttled), None if none does."""
    percents = [
        value
        for entry in [_header(headers, _APP_USAGE), *_business_entries(headers, ())]
        for name in _PERCENTS
        if (value := _number(entry.get(name))) is not None
    ]
    return max(percents, default=None)


def wait_seconds(headers: Mapping[str, str], account_ids: tuple[str, ...]) -> float | None:
    """Return how many seconds a throttled account has to wait by the headers, None if they name no time.

    `estimated_time_to_regain_access` is in minutes (Meta, "Graph API rate limits"); the entry of the account counts,
    else the longest of all. `Retry-After` is not documented by Meta and read only as a number of seconds.
    """
    entries = list(_business_entries(headers, account_ids)) or list(_business_entries(headers, ()))
    minutes = [_number(entry.get("estimated_time_to_regain_access")) or 0.0 for entry in entries]
    named = max(minutes, default=0.0) * 60 or _number(headers.get("retry-after")) or 0.0
    return min(named, _MAX_WAIT_SECONDS) if named > 0 else None


def _outcome_of_success(body: Mapping[str, object], error: GraphError | None) -> Outcome:
    if error is not None:
        # Some sends succeed while an error comes back (1/1357046): the two halves of such an answer disagree.
        return Unknown(Reason.UNCLEAR_ANSWER, ProviderAnswer(error.code, error.subcode, error.text))
    message_id = body.get("message_id")
    if body.get("error") is not None or not isinstance(message_id, str) or not _is_storable_id(message_id):
        return _unclear("success without a message_id")
    return Accepted(message_id)


def _is_storable_id(message_id: str) -> bool:
    return 0 < len(message_id) <= _MAX_MESSAGE_ID and message_id.isascii() and message_id.isprintable()


def _unclear(text: str) -> Unknown:
    return Unknown(Reason.UNCLEAR_ANSWER, ProviderAnswer(text=text))


def _header(headers: Mapping[str, str], name: str) -> dict[str, object]:
    text = headers.get(name)
    return json_object(text) if text else {}


def _business_entries(headers: Mapping[str, str], account_ids: tuple[str, ...]) -> Iterator[dict[str, object]]:
    """Yield the entries of these accounts, of all where none is named."""
    for account_id, entries in _header(headers, _BUSINESS_USAGE).items():
        if account_ids and account_id not in account_ids:
            continue
        yield from (entry for entry in entries if isinstance(entry, dict)) if isinstance(entries, list) else ()


def _integer(value: object) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= len(str(_MAX_CODE)):
        value = int(value)
    is_code = isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _MAX_CODE
    return value if is_code and isinstance(value, int) else None


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _text_of(error: Mapping[str, object], token: str) -> str:
    """Return the words of an error as one storable line; Meta quotes a malformed token in full."""
    parts = [error.get("message"), error.get("error_user_msg")]
    trace = error.get("fbtrace_id")
    parts.append(f"fbtrace_id {trace}" if isinstance(trace, str) else None)
    text = " | ".join(part for part in parts if isinstance(part, str) and part)
    text = _LOOKS_LIKE_A_TOKEN.sub("[token]", text.replace(token, "[token]"))
    # Postgres stores neither NUL nor half a surrogate pair.
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")[:_MAX_TEXT]
