"""What a webhook body told, in our words."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

from clients.graph.webhook_words import Why
from domain.receipts import PolicyAction
from domain.template import Channel
from domain.window import InteractionKind


@dataclass(frozen=True, slots=True)
class Acted:
    """A person did something. Times here and below are the event's own, in milliseconds since 1970."""

    user_id: str
    kind: InteractionKind
    at_ms: int
    event_id: str


@dataclass(frozen=True, slots=True)
class Entitled:
    """A person commented or posted; with `removed_at_ms` they took it back, and the others when the account hid it."""

    user_id: str | None
    kind: InteractionKind
    object_id: str
    given_at_ms: int | None = None
    removed_at_ms: int | None = None
    hidden_at_ms: int | None = None
    shown_at_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Echoed:
    """The platform's copy of a message of the account, anybody's; `attempt_id` where it carries one as metadata.

    `mid` stands as it was told, with or without `m_`; everywhere else ids are bare.
    """

    user_id: str | None
    mid: str | None
    at_ms: int | None
    attempt_id: UUID | None


@dataclass(frozen=True, slots=True)
class Delivered:
    """Messages reached a person: those named by `mid`, or all sent up to `up_to_ms`; told at `at_ms`."""

    user_id: str
    mid: str | None
    up_to_ms: int | None
    at_ms: int


@dataclass(frozen=True, slots=True)
class Read:
    """A person read the message of `mid`, or all sent up to `up_to_ms`; told at `at_ms`."""

    user_id: str
    mid: str | None
    up_to_ms: int | None
    at_ms: int


@dataclass(frozen=True, slots=True)
class MarketingAnswer:
    """A person stopped marketing messages, or resumed them."""

    user_id: str
    is_stop: bool
    at_ms: int


@dataclass(frozen=True, slots=True)
class PolicyTold:
    """The platform warned, blocked or unblocked the account; `reason` is the platform's text."""

    action: PolicyAction
    at_ms: int
    reason: str | None


Told: TypeAlias = Acted | Entitled | Echoed | Delivered | Read | MarketingAnswer | PolicyTold


@dataclass(frozen=True, slots=True)
class AccountTold:
    """What one entry told, and of which account: the channel (None: not said) and the id as webhooks name it."""

    channel: Channel | None
    external_id: str | None
    told: tuple[Told, ...]


@dataclass(frozen=True, slots=True)
class Body:
    """All of a body. `event_count` counts the platform's events, also those that mean nothing here and the strange."""

    entries: tuple[AccountTold, ...]
    event_count: int
    strange: Mapping[Why, int]
