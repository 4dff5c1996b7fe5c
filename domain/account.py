"""An account: the Page or professional account that sends."""

from dataclasses import dataclass

from domain.template import Channel, Provider


@dataclass(frozen=True)
class Account:
    """The sender, with its one route. `per_second` is its pace; None keeps none. `credential` is a name, no secret.

    A person gets at most `cap_messages` campaign messages in `cap_hours`, over all campaigns; None: no cap is
    kept. `note` is the newest that the platform did to the account by its policies, in words.
    """

    account_id: int
    name: str
    channel: Channel
    external_id: str
    provider: Provider
    page_id: str | None
    credential: str
    per_second: float | None
    pause_reason: str | None
    is_paused: bool
    cap_messages: int | None = None
    cap_hours: float | None = None
    note: str | None = None
