"""Accounts: Pages and Instagram accounts, and how control calls create and change them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

from domain.template import Channel
from sandbox.errors import ControlError
from sandbox.faults import LIMIT_ERRORS
from sandbox.oddities import Oddity, read_oddities
from sandbox.webhooks import Subscriber

# How a conversation may show its messages; only the first is documented.
CONVERSATION_ORDERS: Final = ("newest_first", "oldest_first", "shuffled")

_NUMBERS: Final = frozenset(
    {
        "messages_per_second",
        "conversation_calls_per_second",
        "conversation_lag_seconds",
        "conversation_page_size",
    }
)
_TEXTS: Final = frozenset({"token", "page_id", "app_secret", "webhook_secret", "name"})
_MAY_BE_NULL: Final = frozenset({"token", "page_id", "webhook_secret"})


@dataclass(frozen=True)
class Account:
    """A Page or an Instagram account. `token` None: no token is valid. A limit of 0 is none.

    `external_id` is its id in webhooks, `page_id` the id of its Page where that differs; both may be POSTed to.
    With `prefixed_ids` the answer's message id begins with `m_` as the webhooks' always does (Messenger).
    Reads of conversations: 2 calls a second as documented; a message shows `conversation_lag_seconds` after its time,
    in pages of `conversation_page_size` at most (0: as many as asked for); the orders are CONVERSATION_ORDERS.
    Webhooks are signed with `webhook_secret`, or with `app_secret` where there is none (a Messenger and an Instagram
    login may be two apps), and are told with the oddities `odd`.
    """

    external_id: str
    channel: Channel = Channel.MESSENGER
    page_id: str | None = None
    token: str | None = None
    app_secret: str = "sandbox-app-secret"  # noqa: S105  a known secret is what a sandbox is for
    webhook_secret: str | None = None
    name: str = "Sandbox Page"
    prefixed_ids: bool = False
    messages_per_second: float = 0.0
    limit_code: int = 613
    conversation_calls_per_second: float = 2.0
    conversation_lag_seconds: float = 0.0
    conversation_page_size: float = 0.0
    conversation_order: str = "newest_first"
    odd: tuple[Oddity, ...] = ()

    @property
    def node(self) -> str:
        """The id a Page token stands for."""
        return self.page_id or self.external_id

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """All ids the account goes by."""
        return (self.external_id,) if self.page_id is None else (self.external_id, self.page_id)

    @cached_property
    def subscriber(self) -> Subscriber:
        """For whom webhook bodies are made."""
        name = "page" if self.channel is Channel.MESSENGER else "instagram"
        return Subscriber(self.external_id, name, self.webhook_secret or self.app_secret)


def changed_account(before: Account, item: Mapping[str, Any]) -> Account:
    """Return the account with the given fields changed. Raises ControlError if one makes no sense."""
    known = {name: item[name] for name in Account.__dataclass_fields__ if name in item}
    unknown = sorted(set(item) - set(known))
    if unknown:
        raise ControlError(f"an account has no {unknown[0]!r}")
    if known.get("channel", Channel.MESSENGER) not in list(Channel):
        raise ControlError(f"there is no channel {known['channel']!r}; there are {', '.join(Channel)}")
    if known.get("limit_code", 613) not in LIMIT_ERRORS:
        raise ControlError(f"limit_code is one of {', '.join(map(str, LIMIT_ERRORS))}")
    _check_types(known)
    account = replace(before, **known)
    return replace(
        account, channel=Channel(account.channel), token=account.token or None, odd=read_oddities(account.odd)
    )


def _check_types(known: Mapping[str, Any]) -> None:
    """Refuse texts and numbers of another type, and null where something must be said."""
    for name in known.keys() & _TEXTS:
        if not isinstance(known[name], str) and (known[name] is not None or name not in _MAY_BE_NULL):
            raise ControlError(f"{name} of an account cannot be {known[name]!r}")
    if known.get("conversation_order", CONVERSATION_ORDERS[0]) not in CONVERSATION_ORDERS:
        raise ControlError(f"conversation_order is one of {', '.join(CONVERSATION_ORDERS)}")
    for name in known.keys() & _NUMBERS:
        if not isinstance(known[name], (int, float)) or known[name] < 0:
            raise ControlError(f"{name} is a number from 0 on")
