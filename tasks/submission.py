"""A submission: what it names, whether its times can be meant, and the campaign that it makes or has made before."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from clients.postgres import Connection
from domain.account import Account
from domain.errors import AlreadySubmittedError, UsageError
from domain.submission import Submission
from domain.template import Template
from sql import query
from tasks.accounts import find_account
from tasks.templates import find_template
from tasks.windows import read_clock


@dataclass(frozen=True)
class Target:
    """What a submission names, found in the database."""

    account: Account
    template: Template


def find_target(connection: Connection, submission: Submission) -> Target:
    """Find the account and the template of a submission, and see that they fit together.

    Raises NotFoundError or UsageError naming what does not.
    """
    account = find_account(connection, submission.account)
    template = find_template(connection, submission.template, language=submission.language, version=submission.version)
    if template.channel is not account.channel:
        raise UsageError(
            f"The template {template.code} is for {template.channel}, and the account {account.name} sends on "
            f"{account.channel}; choose a template of that channel."
        )
    if submission.user_ids and template.variables:
        raise UsageError(
            f"The template {template.code} has variables ({', '.join(template.variables)}), whose values --to cannot "
            "give; fill its workbook and send that with --file."
        )
    return Target(account, template)


def check_times(connection: Connection, submission: Submission, *, tolerance: timedelta = timedelta(0)) -> None:
    """Refuse times that cannot be meant: one in the past, or a latest time before the send time.

    A send time that passed less than `tolerance` ago is meant: it passed on the way here, and sending starts at once.
    """
    now = read_clock(connection)
    for option, moment, earliest in (
        ("--at", submission.scheduled_at, now - tolerance),
        ("--not-after", submission.not_after, now),
        ("--hold-until", submission.hold_until, now),
    ):
        if moment is not None and moment <= earliest:
            raise UsageError(
                f"{option} {moment.isoformat(timespec='seconds')} is in the past (it is "
                f"{now.isoformat(timespec='seconds')} now); choose a time to come."
            )
    if submission.scheduled_at and submission.not_after and submission.not_after <= submission.scheduled_at:
        raise UsageError("--not-after is before --at, so nothing could be sent; choose a later --not-after.")
    if submission.hold_until is None:
        return
    if submission.scheduled_at and submission.hold_until <= submission.scheduled_at:
        raise UsageError("--hold-until is before --at, so nobody could be waited for; choose a later --hold-until.")
    if submission.not_after and submission.hold_until > submission.not_after:
        raise UsageError(
            "--hold-until is after --not-after, when nothing may be sent any more; choose an earlier --hold-until."
        )


def open_campaign(connection: Connection, submission: Submission, *, target: Target, sha256: str) -> UUID:
    """Make the campaign of a submission, as a draft, or find the one it has made before; return its id.

    Raises AlreadySubmittedError, naming the earlier campaign, when the same list was submitted within 24 hours and the
    submission does not say `again`.
    """
    with connection.transaction():
        connection.execute(
            query("campaigns/lock_list"), {"list_sha256": sha256, "account_id": target.account.account_id}
        )
        known = find_campaign_of(connection, submission.submission_id)
        if known is not None:
            return known
        earlier = find_earlier(connection, submission, target=target, sha256=sha256)
        if earlier is not None and not submission.again:
            raise AlreadySubmittedError(
                "The same list was submitted for this account, template and time already, as the campaign "
                f"{earlier['name']} ({earlier['campaign_id']}, {earlier['state']}); nothing was sent twice. If these "
                "people are meant to get it a second time, add --again."
            )
        return create_campaign(connection, submission, target=target, sha256=sha256)


def create_campaign(connection: Connection, submission: Submission, *, target: Target, sha256: str) -> UUID:
    """Create the campaign of a submission as a draft; return its id."""
    campaign_id: UUID = uuid7()
    connection.execute(
        query("campaigns/create"),
        {
            "campaign_id": campaign_id,
            "name": submission.name or f"{target.template.code} {target.template.language} {str(campaign_id)[-6:]}",
            "account_id": target.account.account_id,
            "template_id": target.template.template_id,
            "submission_id": submission.submission_id,
            "list_sha256": sha256,
            "accepts_valid": submission.accepts_valid,
            "scheduled_at": submission.scheduled_at,
            "not_after": submission.not_after,
            "hold_until": submission.hold_until,
            "weight": submission.weight,
            "accepts_old_interactions": submission.accepts_old_interactions,
            "resends_unknown": submission.resends_unknown,
            "submitted_by": submission.submitted_by,
            "private_replies": submission.private_replies,
            "shares": submission.shares,
        },
    )
    return campaign_id


def find_campaign_of(connection: Connection, submission_id: UUID) -> UUID | None:
    """Return the id of the campaign that a submission has made, if it has."""
    row = connection.execute(query("campaigns/get"), {"campaign_id": None, "submission_id": submission_id}).fetchone()
    return row["campaign_id"] if row else None


def find_earlier(
    connection: Connection, submission: Submission, *, target: Target, sha256: str
) -> dict[str, Any] | None:
    """Return the campaign that this submission would repeat within 24 hours, if there is one."""
    return connection.execute(
        query("campaigns/find_same"),
        {
            "account_id": target.account.account_id,
            "template_id": target.template.template_id,
            "list_sha256": sha256,
            "scheduled_at": submission.scheduled_at,
        },
    ).fetchone()


def find_same_file(
    connection: Connection, *, target: Target, sha256: str, before: Mapping[str, Any] | None = None
) -> dict[str, Any] | None:
    """Return the newest campaign that the same bytes were sent by to the same template and account, however long ago.

    Any version of the template counts. With `before`, a campaign, only campaigns made before it do. The keys are
    `campaign_id`, `name` and `created_at`.
    """
    return connection.execute(
        query("campaigns/find_same_file"),
        {
            "account_id": target.account.account_id,
            "template_code": target.template.code,
            "template_language": target.template.language,
            "list_sha256": sha256,
            "campaign_id": before and before["campaign_id"],
            "created_at": before and before["created_at"],
        },
    ).fetchone()
