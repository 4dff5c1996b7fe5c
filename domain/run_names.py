"""What runs of a Prefect server are called: by the campaign, and its time where it has one."""

from datetime import datetime
from uuid import UUID

from domain.times import named_zone


def send_name(campaign: str, *, at: datetime | None, time_zone: str | None) -> str:
    """Return the name of a run that sends a campaign."""
    return f"send {campaign}{_timed(at, time_zone)}"


def submit_name(campaign: str, *, account: str, at: datetime | None, time_zone: str | None) -> str:
    """Return the name of a run that submits a campaign, or a template that has no campaign's name yet."""
    return f"submit {campaign} to {account}{_timed(at, time_zone)}"


def run_address(pages: str | None, run_id: UUID) -> str | None:
    """Return the page of a run, or None where the address of the server's pages (PREFECT_UI_URL) is not known.

    Below `/v2`, since Prefect 3.8 shows its older pages at addresses without it.
    """
    if not pages:
        return None
    return f"{pages.rstrip('/').removesuffix('/v2')}/v2/runs/flow-run/{run_id}"


def local_time(at: datetime, time_zone: str | None) -> str:
    """Return a time as people of a zone write it, with the zone's letters."""
    return f"{at.astimezone(named_zone(time_zone or 'UTC')):%Y-%m-%d %H:%M %Z}"


def _timed(at: datetime | None, time_zone: str | None) -> str:
    return "" if at is None else f", {local_time(at, time_zone)}"
