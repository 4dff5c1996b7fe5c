"""`windowcast campaigns approve` and `reject`: the second person's word, on the very plan that will be sent."""

import getpass
from typing import TYPE_CHECKING
from uuid import UUID

import click

from cli.output import is_terminal, print_json, print_table
from cli.session import Session, campaign_id, json_option, session, told_of_runs
from domain.approval import SHORTEST_HASH
from domain.errors import UsageError
from domain.states import CampaignState

if TYPE_CHECKING:
    from tasks.approvals import Approval
    from tasks.submitted_plan import AskedPlan

_by = click.option("--by", metavar="NAME", help="Who says so, if not the user of this machine; it is kept.")


@click.command()
@click.argument("campaign")
@click.option("--plan", "plan_hash", metavar="HASH", help="The plan that you approve, as `campaigns show` names it.")
@_by
@json_option
def approve(campaign: str, *, plan_hash: str | None, by: str | None, as_json: bool) -> None:
    """Let a campaign that waits for a second person be sent. Shows its plan and asks, unless --plan names it."""
    from tasks.approvals import approve as approve_plan

    with session() as opened:
        found = campaign_id(campaign)
        said = approve_plan(
            opened.connection,
            found,
            plan_hash=plan_hash or _confirmed(opened, found, as_json=as_json),
            by=by or getpass.getuser(),
            submitter_may=opened.settings.approval_by_submitter,
        )
        then = _begin(opened, found, said)
    _show(found, said, then=then, as_json=as_json)


@click.command()
@click.argument("campaign")
@click.option("--because", required=True, help="Why; it is kept with your name.")
@_by
@json_option
def reject(campaign: str, *, because: str, by: str | None, as_json: bool) -> None:
    """Cancel a campaign that waits for a second person, and say why."""
    from clients.prefect_server import has_server
    from tasks.approvals import reject as reject_plan
    from tasks.timed_runs import cancel_runs

    with session() as opened:
        found = campaign_id(campaign)
        said = reject_plan(opened.connection, found, by=by or getpass.getuser(), because=because)
        if has_server():
            with told_of_runs("rejected", "nothing of it is ever sent"):
                cancel_runs(opened.connection, found)
    _show(found, said, then="Nothing of it is sent.", as_json=as_json)


def show_approval(opened: Session, found: UUID) -> None:
    """Print the plan of which a second person is asked, and what was said of it or of an earlier one."""
    from tasks.approvals import list_approvals
    from tasks.submitted_plan import read_plan

    asked = read_plan(opened.connection, found)
    if asked.state is CampaignState.AWAITING_APPROVAL:
        _show_plan(opened, asked)
        click.echo(f"`windowcast campaigns approve {found} --plan {asked.plan.short_hash} --by NAME` lets it go.")
    for said in list_approvals(opened.connection, found):
        why = f": {said.because}" if said.because else ""
        click.echo(
            f"The plan {said.plan_hash[:SHORTEST_HASH]} was {said.verdict} by {said.decided_by} at "
            f"{said.decided_at:%Y-%m-%d %H:%M:%S} UTC{why}."
        )


def _confirmed(opened: Session, found: UUID, *, as_json: bool) -> str:
    """Show the plan to whoever sits here and have it confirmed; return the hash of what was shown."""
    from tasks.submitted_plan import read_plan

    asked = read_plan(opened.connection, found)
    if as_json or not is_terminal():
        raise UsageError(
            "Without a terminal nobody can be asked: name the plan that you approve with --plan "
            f"({asked.plan.short_hash} is the one of {asked.name} now; `windowcast campaigns show {found}` shows it)."
        )
    _show_plan(opened, asked)
    click.confirm("Approve exactly this?", abort=True, err=True)
    return asked.plan.hash


def _show_plan(opened: Session, asked: "AskedPlan") -> None:
    from tasks.plan_shown import asked_rows

    rows = asked_rows(asked, time_zone=opened.settings.time_zone)
    print_table(("plan", asked.plan.short_hash), rows, empty="")


def _begin(opened: Session, found: UUID, said: "Approval") -> str:
    """See that something sends the approved campaign; say what that is."""
    from clients.prefect_server import has_server
    from tasks.campaigns import get_campaign
    from tasks.timed_runs import begin_approved

    at = get_campaign(opened.connection, found)["scheduled_at"]
    if not has_server():
        return f"`windowcast campaigns run {found}{'' if at is None else ' --wait'}` sends it."
    with told_of_runs("approved", f"`windowcast campaigns run {found}` sends it, or the sweep asks for a run"):
        begin_approved(opened.connection, found, approval_id=said.approval_id, chosen=opened.settings)
    return "A run of the Prefect server sends it now." if at is None else f"A run sends it at {at:%Y-%m-%d %H:%M} UTC."


def _show(found: UUID, said: "Approval", *, then: str, as_json: bool) -> None:
    from cli.shown import said_json

    if as_json:
        print_json({"campaign_id": str(found), **said_json(said), "then": then})
        return
    click.echo(f"The campaign {found} is {said.verdict}, by {said.decided_by}. {then}")
