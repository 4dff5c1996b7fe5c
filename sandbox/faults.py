"""Faults on demand: what may go wrong with a POST to the Send API or with a read, whom it hits, and how often."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

from sandbox.errors import (
    ACCOUNT_RESTRICTED,
    OTHER_APP_IN_CONTROL,
    SENT_BUT_UNREADABLE,
    TOKEN_EXPIRED,
    ControlError,
    GraphError,
)


class FaultKind(StrEnum):
    """What happens to the POST. "Perform" means: treated as if there were no fault, also refused if it must be."""

    ERROR = "error"  # nothing done, an error answers
    PERFORM_THEN_DROP = "perform_then_drop"  # done, and the connection closes without an answer
    PERFORM_THEN_ERROR = "perform_then_error"  # done, and an error answers
    PERFORM_THEN_HANG = "perform_then_hang"  # done, no answer for `seconds`, then the connection closes
    DROP = "drop"  # nothing done, the connection closes
    HANG = "hang"  # nothing done, no answer for `seconds`, then the connection closes
    DELAY = "delay"  # after `seconds` done and answered, also if the client has gone by then
    DROP_THEN_PERFORM = "drop_then_perform"  # the connection closes, `seconds` later it is done
    GARBAGE = "garbage"  # 200 with a body that proves nothing
    THROTTLE = "throttle"  # this and all POSTs of the account in the next `seconds` get a throttling error


class Call(StrEnum):
    """Which calls a rule is about."""

    MESSAGES = "messages"  # POSTs to the Send API
    CONVERSATIONS = "conversations"  # reads of conversations and of messages


# What may happen to a read, which performs nothing.
READ_FAULTS: Final = (
    FaultKind.ERROR,
    FaultKind.DROP,
    FaultKind.HANG,
    FaultKind.DELAY,
    FaultKind.GARBAGE,
    FaultKind.THROTTLE,
)


class GarbageForm(StrEnum):
    """What a garbage answer with status 200 holds."""

    HTML = "html"
    EMPTY = "empty"
    TRUNCATED_JSON = "truncated_json"
    NO_MESSAGE_ID = "no_message_id"
    REPEATED_MESSAGE_ID = "repeated_message_id"


@dataclass(frozen=True)
class Fault:
    """What goes wrong. `error` answers in error kinds, `is_performed` is for garbage, `is_reset` for drops (RST)."""

    kind: FaultKind
    error: GraphError | None = None
    seconds: float = 0.0
    form: GarbageForm = GarbageForm.HTML
    is_performed: bool = True
    is_reset: bool = False


@dataclass(frozen=True)
class FaultRule:
    """Whom a fault hits: matching calls, without the first `after`, each `every`-th of them, `count` times at most."""

    fault: Fault
    account: str | None = None
    user_id: str | None = None
    every: int = 1
    count: int | None = None
    after: int = 0
    call: Call = Call.MESSAGES


def _error(code: int, subcode: int | None, text: str, *, http_status: int = 400, transient: bool = False) -> Fault:
    """Return the fault that only answers this error."""
    return Fault(FaultKind.ERROR, GraphError(code, subcode, text, http_status=http_status, is_transient=transient))


_CALL_LIMIT: Final = GraphError(613, None, "(#613) Calls to this api have exceeded the rate limit.", is_transient=True)
_MESSENGER_LIMIT: Final = GraphError(
    80006, None, "(#80006) There have been too many calls to this Messenger account.", is_transient=True
)
_INSTAGRAM_LIMIT: Final = GraphError(
    80002, None, "(#80002) There have been too many calls to this Instagram account.", is_transient=True
)
LIMIT_ERRORS: Final[dict[int, GraphError]] = {613: _CALL_LIMIT, 80006: _MESSENGER_LIMIT, 80002: _INSTAGRAM_LIMIT}

# Codes and subcodes: facts/meta.md section 6. Only these two count; the texts are ours.
PRESETS: Final[dict[str, Fault]] = {
    "outside_window": _error(10, 2018278, "(#10) This message is sent outside of allowed window.", http_status=403),
    "outside_window_instagram": _error(10, 2534022, "(#10) Outside of the allowed window.", http_status=403),
    "throttled": Fault(FaultKind.THROTTLE, _CALL_LIMIT, seconds=2.0),
    "throttled_messenger": Fault(FaultKind.THROTTLE, _MESSENGER_LIMIT, seconds=2.0),
    "throttled_instagram": Fault(FaultKind.THROTTLE, _INSTAGRAM_LIMIT, seconds=2.0),
    "app_throttled": _error(4, None, "(#4) Application request limit reached", http_status=403, transient=True),
    "page_throttled": _error(32, None, "(#32) Page request limit reached", http_status=403, transient=True),
    "too_many_requests": _error(613, None, "(#613) Too many requests", http_status=429, transient=True),
    "person_bothered": _error(613, 2018338, "(#613) People do not welcome these messages."),
    "token_dead": Fault(FaultKind.ERROR, TOKEN_EXPIRED),
    "token_password_changed": _error(190, 460, "The password was changed.", http_status=401),
    "permission_missing": _error(200, None, "(#200) Permission pages_messaging is missing.", http_status=403),
    "instagram_access_off": _error(200, 2534041, "(#200) Access to messages is off.", http_status=403),
    "page_restricted": Fault(FaultKind.ERROR, ACCOUNT_RESTRICTED),
    "instagram_blocked": _error(100, 2534029, "(#100) The business is blocked from messaging."),
    "policy_blocked": _error(368, None, "(#368) Temporarily blocked for policies violations."),
    "person_unavailable": _error(551, 1545041, "(#551) This person isn't available right now."),
    # Seen in the wild: the code and the text's "(#code)" disagree (facts/meta.md section 0.10).
    "person_unavailable_200": _error(200, 1545041, "(#551) This person isn't available right now.", http_status=403),
    "person_blocked": _error(551, None, "(#551) This person isn't receiving messages from you right now."),
    "person_cannot_receive": _error(10, 2018108, "(#10) This person cannot receive messages.", http_status=403),
    "person_unknown": _error(100, 2018001, "(#100) No matching user found"),
    "other_app_in_control": Fault(FaultKind.ERROR, OTHER_APP_IN_CONTROL),
    "automation_holds_chat": _error(10, 2018321, "(#10) An automated chat is going on.", http_status=403),
    "unknown_error": _error(1, None, "An unknown error occurred", http_status=500, transient=True),
    "unexpected_error": _error(2, None, "An unexpected error has occurred.", http_status=500, transient=True),
    "temporary_failure": _error(1200, 2018024, "(#1200) Temporary send message failure.", transient=True),
    "unheard_of": _error(987654, 123456, "(#987654) Something nobody has listed."),
    "sent_but_error": Fault(FaultKind.PERFORM_THEN_ERROR, SENT_BUT_UNREADABLE),
    "sent_but_dropped": Fault(FaultKind.PERFORM_THEN_DROP),
    "dropped": Fault(FaultKind.DROP),
    "sent_late": Fault(FaultKind.DROP_THEN_PERFORM, seconds=2.5),
}  # fmt: skip

_ERROR_FIELDS: Final = {"code", "subcode", "message", "type", "http_status", "headers", "retry_after", "is_transient"}
_FAULT_FIELDS: Final = {"kind", "preset", "seconds", "form", "accepted", "reset"}
_NEEDS_ERROR: Final = frozenset({FaultKind.ERROR, FaultKind.PERFORM_THEN_ERROR, FaultKind.THROTTLE})


def read_rule(item: Mapping[str, Any]) -> FaultRule:
    """Return the rule that a control call describes. Raises ControlError with what is wrong."""
    unknown = set(item) - {"account", "user_id", "every", "count", "after", "fault", "call"}
    if unknown or "fault" not in item:
        raise ControlError(f"a fault rule has a fault, and no {sorted(unknown)}")
    every, count, after = item.get("every", 1), item.get("count"), item.get("after", 0)
    if not isinstance(every, int) or every < 1 or not isinstance(after, int) or after < 0:
        raise ControlError("every is a whole number from 1 on, after one from 0 on")
    if count is not None and (not isinstance(count, int) or count < 0):
        raise ControlError("count is a whole number from 0 on, or left out for ever")
    call = item.get("call", Call.MESSAGES)
    if call not in list(Call):
        raise ControlError(f"there is no call {call!r}; there are {', '.join(Call)}")
    fault = read_fault(item["fault"])
    if call == Call.CONVERSATIONS and fault.kind not in READ_FAULTS:
        raise ControlError(f"a read knows the faults {', '.join(READ_FAULTS)}")
    return FaultRule(fault, item.get("account"), item.get("user_id"), every, count, after, Call(call))


def read_fault(item: object) -> Fault:
    """Return the fault for a preset's name, or for fields with a `kind` or a `preset` and what differs from it.

    Raises ControlError with what is wrong.
    """
    if isinstance(item, str):
        return _preset(item)
    if not isinstance(item, dict):
        raise ControlError("a fault is the name of a preset or an object with a kind")
    unknown = set(item) - _FAULT_FIELDS - _ERROR_FIELDS
    if unknown:
        raise ControlError(f"a fault has no {sorted(unknown)}")
    fault = _preset(item["preset"]) if "preset" in item else _plain_fault(item.get("kind"))
    return _with_error(_with_fields(fault, item), item)


def _preset(name: object) -> Fault:
    """Return the preset of this name."""
    if not isinstance(name, str) or name not in PRESETS:
        raise ControlError(f"there is no preset {name!r}; there are {', '.join(sorted(PRESETS))}")
    return PRESETS[name]


def _plain_fault(kind: object) -> Fault:
    """Return the fault of this kind with what it answers if nothing else is said."""
    if kind not in list(FaultKind):
        raise ControlError(f"there is no kind of fault {kind!r}; there are {', '.join(FaultKind)}")
    known = FaultKind(str(kind))
    match known:
        case FaultKind.ERROR:
            return Fault(known, GraphError(1, None, "An unknown error occurred", http_status=500))
        case FaultKind.PERFORM_THEN_ERROR:
            return Fault(known, SENT_BUT_UNREADABLE)
        case FaultKind.THROTTLE:
            return Fault(known, _CALL_LIMIT, seconds=1.0)
        case FaultKind.DELAY | FaultKind.HANG | FaultKind.PERFORM_THEN_HANG | FaultKind.DROP_THEN_PERFORM:
            return Fault(known, seconds=1.0)
        case _:
            return Fault(known)


def _with_fields(fault: Fault, item: Mapping[str, Any]) -> Fault:
    """Return the fault with its own fields as the control call gives them."""
    form = item.get("form", fault.form)
    if form not in list(GarbageForm):
        raise ControlError(f"there is no form of garbage {form!r}; there are {', '.join(GarbageForm)}")
    seconds = item.get("seconds", fault.seconds)
    if not isinstance(seconds, (int, float)) or seconds < 0:
        raise ControlError("seconds is a number from 0 on")
    return replace(
        fault,
        seconds=float(seconds),
        form=GarbageForm(form),
        is_performed=bool(item.get("accepted", fault.is_performed)),
        is_reset=bool(item.get("reset", fault.is_reset)),
    )


def _with_error(fault: Fault, item: Mapping[str, Any]) -> Fault:
    """Return the fault with the error fields that the control call gives."""
    given = {key: item[key] for key in _ERROR_FIELDS & set(item)}
    if not given:
        return fault
    _check_error_types(given)
    if fault.kind not in _NEEDS_ERROR or fault.error is None:
        raise ControlError(f"a fault of kind {fault.kind} answers no error, so it has no {sorted(given)}")
    if fault.kind is FaultKind.THROTTLE and given.get("code") in LIMIT_ERRORS:
        fault = replace(fault, error=LIMIT_ERRORS[given["code"]])
    elif "code" in given:
        # Another code is another error: it does not keep the subcode of the one it replaces.
        given = {"subcode": None, "message": f"(#{given['code']}) An error made by a fault.", **given}
    assert fault.error is not None
    headers = {**dict(fault.error.headers), **given.pop("headers", {})}
    if "retry_after" in given:
        headers["Retry-After"] = str(given.pop("retry_after"))
    return replace(fault, error=replace(fault.error, **given, headers=tuple(headers.items())))


def _check_error_types(given: Mapping[str, Any]) -> None:
    """Refuse error fields of another type than the answer needs."""
    wanted: dict[str, tuple[type, ...]] = {
        "code": (int,),
        "subcode": (int, type(None)),
        "message": (str,),
        "type": (str,),
        "http_status": (int,),
        "headers": (dict,),
        "retry_after": (int, float, str),
        "is_transient": (bool,),
    }
    for name, value in given.items():
        if not isinstance(value, wanted[name]):
            raise ControlError(f"{name} of an error cannot be {value!r}")


@dataclass
class _Counted:
    """A rule and how often it matched and struck."""

    rule: FaultRule
    seen: int = 0
    struck: int = 0


@dataclass
class FaultBook:
    """The rules in force. Every rule counts the calls it matches; of those due, the oldest strikes."""

    entries: list[_Counted] = field(default_factory=list)

    def add(self, rule: FaultRule) -> None:
        """Put a rule behind the others."""
        self.entries.append(_Counted(rule))

    def clear(self) -> None:
        """Forget all rules."""
        self.entries.clear()

    def take(self, accounts: tuple[str, ...], user_id: str | None, *, call: Call = Call.MESSAGES) -> Fault | None:
        """Return the fault that strikes this call, if one does. `accounts` are all ids the account goes by."""
        due: _Counted | None = None
        for entry in self.entries:
            if (
                entry.rule.call is call
                and _matches(entry.rule, accounts, user_id)
                and _counts_in(entry)
                and due is None
            ):
                due = entry
        if due is None:
            return None
        due.struck += 1
        return due.rule.fault

    def as_json(self) -> list[dict[str, object]]:
        """Return the rules with their counts, oldest first."""
        return [
            {
                "account": entry.rule.account,
                "user_id": entry.rule.user_id,
                "call": entry.rule.call,
                "kind": entry.rule.fault.kind,
                "seen": entry.seen,
                "struck": entry.struck,
            }
            for entry in self.entries
        ]


def _matches(rule: FaultRule, accounts: tuple[str, ...], user_id: str | None) -> bool:
    """Tell whether the rule is about this account and person."""
    return (rule.account is None or rule.account in accounts) and (rule.user_id is None or rule.user_id == user_id)


def _counts_in(entry: _Counted) -> bool:
    """Count one more matching POST and tell whether the rule is due on it."""
    entry.seen += 1
    place = entry.seen - entry.rule.after
    is_left = entry.rule.count is None or entry.struck < entry.rule.count
    return is_left and place > 0 and place % entry.rule.every == 0
