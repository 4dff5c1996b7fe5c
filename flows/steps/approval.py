"""Asking a second person: the run of a submit stands still, without a process, until somebody fills in its form."""

from itertools import count
from typing import Any, Literal
from uuid import UUID

from prefect import task
from prefect.artifacts import acreate_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.flow_runs import asuspend_flow_run
from prefect.input import RunInput
from pydantic import Field

from clients.settings import settings
from domain.errors import UsageError
from domain.states import CampaignState
from flows.steps.server_runs import own_run_id
from flows.steps.telling import tell_of_campaign
from tasks.approvals import approve, reject
from tasks.campaigns import get_campaign
from tasks.plan_shown import asked_markdown
from tasks.running import open_database
from tasks.submitted_plan import AskedPlan, read_plan


class ApprovalForm(RunInput):
    """What a second person says of the plan above. Raises nothing: the words are checked when the run goes on."""

    decision: Literal["approve", "reject"] = Field(
        title="Decision", description="approve sends it as it is planned; reject cancels it."
    )
    by: str = Field(title="Your name", description="Another one than the submitter's; it is kept.", min_length=1)
    plan: str = Field(
        title="Plan", description="The plan shown above. If it was changed meanwhile, you are asked again."
    )
    because: str = Field(default="", title="Why", description="Needed to reject.")


async def wait_for_approval(campaign_id: UUID) -> CampaignState:
    """Wait until a campaign does not wait for a second person any more; return its state then.

    On a server the run is suspended, and starts anew when the form is filled in; its earlier answers come back in their
    order. Beside a command nobody fills in a form: the campaign waits, and the run does not.
    """
    await show_asked_plan(campaign_id)
    await tell_of_campaign(campaign_id)
    problem = ""
    for number in count(1):
        asked = read_asked(campaign_id)
        if asked.state is not CampaignState.AWAITING_APPROVAL or own_run_id() is None:
            break
        form = await asuspend_flow_run(wait_for_input=_form(asked, problem=problem), key=f"approval-{number}")
        problem = decide(campaign_id, form)
    return asked.state


@task(task_run_name="read the plan", cache_policy=NO_CACHE)
def read_asked(campaign_id: UUID) -> AskedPlan:
    """Read the plan as it stands now."""
    with open_database() as (connection, _):
        return read_plan(connection, campaign_id)


@task(task_run_name="take the second person's word", cache_policy=NO_CACHE)
def decide(campaign_id: UUID, form: ApprovalForm) -> str:
    """Do what the form says, by the same steps as the command; return what was wrong with it, in a sentence."""
    with open_database() as (connection, _):
        try:
            if form.decision == "approve":
                submitter_may = settings().approval_by_submitter
                approve(connection, campaign_id, plan_hash=form.plan, by=form.by, submitter_may=submitter_may)
            else:
                reject(connection, campaign_id, by=form.by, because=form.because)
        except UsageError as error:
            return str(error)
    return ""


@task(task_run_name="show the plan that waits for approval", cache_policy=NO_CACHE)
async def show_asked_plan(campaign_id: UUID) -> None:
    """Show the plan of which a second person is asked."""
    with open_database() as (connection, _):
        asked = read_plan(connection, campaign_id)
        foretold = get_campaign(connection, campaign_id)["plan"]
    await acreate_markdown_artifact(
        key=f"approval-{campaign_id}",
        markdown=asked_markdown(asked, time_zone=settings().time_zone, foretold=foretold),
        description="The plan that waits for a second person.",
    )


def _form(asked: AskedPlan, *, problem: str) -> type[ApprovalForm]:
    words = f"**{problem}**\n\n" if problem else ""
    shown = words + asked_markdown(asked, time_zone=settings().time_zone)
    plan: Any = ApprovalForm.model_fields["plan"]
    form: type[ApprovalForm] = ApprovalForm.with_initial_data(
        description=shown, plan=plan.merge_field_infos(plan, default=asked.plan.short_hash)
    )
    return form
