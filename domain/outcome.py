"""How an attempt to send ended: unknown until proven."""

from dataclasses import dataclass

from domain.reasons import Reason


@dataclass(frozen=True)
class ProviderAnswer:
    """What the provider said, kept word for word beside our own words for it."""

    code: int | None = None
    subcode: int | None = None
    text: str = ""


@dataclass(frozen=True)
class Accepted:
    """The platform took the message; `provider_message_id` is its id for it, as given."""

    provider_message_id: str


@dataclass(frozen=True)
class Refused:
    """The platform will not take this message. Final for the message; other recipients go on."""

    reason: Reason
    answer: ProviderAnswer


@dataclass(frozen=True)
class NotSent:
    """It certainly did not leave, for a reason of this one conversation or connection: try it later.

    `service_away` says that nobody answered at all, so all workers of the account should slow down.
    """

    answer: ProviderAnswer
    service_away: bool = False


@dataclass(frozen=True)
class Throttled:
    """Not sent: the platform asks every sender of this account to wait `wait_seconds` (None: it named no time)."""

    answer: ProviderAnswer
    wait_seconds: float | None = None


@dataclass(frozen=True)
class AccountStopped:
    """Not sent, and nothing else can be: the token is dead or the account may not send. A person must look."""

    answer: ProviderAnswer


@dataclass(frozen=True)
class Unknown:
    """Perhaps sent, perhaps not. Only an echo, a look-up or a person may say."""

    reason: Reason
    answer: ProviderAnswer


Outcome = Accepted | Refused | NotSent | Throttled | AccountStopped | Unknown
