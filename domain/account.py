"""An account: the Page or professional account that sends."""

from dataclasses import dataclass

from domain.template import Channel, Provider


@dataclass(frozen=True)
class Account:
    """The sender, with its one route. `per_second` is its pace; None keeps none. `credential` is a name, no secret."""

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
