"""A plan where people of a Prefect server look: states, reasons and sentences, with no name, text or id of anybody."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from domain.reasons import SENTENCES
from domain.run_names import local_time
from domain.states import CampaignState
from domain.times import named_zone
from reports.forecast_picture import data_address, forecast_picture
from reports.markdown import plain_markdown
from tasks.intake import Plan
from tasks.planning import plan_facts, plan_sentences
from tasks.submitted_plan import AskedPlan

ASKS: Final = "It has more recipients than may be sent to without a second person, who is asked first."

_MOST_PROBLEMS: Final = 100


def plan_sentence(plan: Plan) -> str:
    """Say in one sentence what a submission would do."""
    if plan.state is CampaignState.REFUSED:
        return f"The list would be refused: {plan.refusal}"
    if plan.too_old is not None:
        return str(plan.too_old)
    reached = plan.outlook.forecast.eligible_at_send
    return (
        f"Of {plan.counts.rows:,} rows {reached:,} would be sent to, if nobody writes again; nothing was sent or kept."
    )


def plan_markdown(plan: Plan, *, time_zone: str | None) -> str:
    """Return a plan as markdown: what would happen, the forecast, how many rows stand where, and the first problems."""
    lines = [f"**{plan_sentence(plan)}**", ""]
    if plan.state is not CampaignState.REFUSED:
        lines += [f"- {sentence}" for sentence in plan_sentences(plan.outlook, account=plan.account)]
        lines += [f"- {ASKS}"] if plan.asks_approval else []
    lines += [f"- {warning}" for warning in (plan.warning, *plan.remarks) if warning]
    lines += ["", "| state | rows |", "| --- | ---: |"]
    lines += [f"| {state} | {count:,} |" for state, count in plan.counts.by_state.items() if count]
    if plan.counts.by_reason:
        lines += ["", "| why | rows | |", "| --- | ---: | --- |"]
        lines += [f"| {reason} | {count:,} | {SENTENCES[reason]} |" for reason, count in plan.counts.by_reason.items()]
    if plan.problems:
        lines += ["", "| row | column | problem |", "| ---: | --- | --- |"]
        lines += [
            f"| {one.row_number or ''} | {one.column or ''} | {one.code} |" for one in plan.problems[:_MOST_PROBLEMS]
        ]
    picture = picture_markdown(plan_facts(plan.outlook), time_zone=time_zone)
    return "\n".join([*lines, "", picture])


def admitted_markdown(sentences: Sequence[str], *, campaign: Mapping[str, Any], time_zone: str | None) -> str:
    """Return the plan of a campaign that was admitted, as markdown: the forecast in words and as a picture."""
    picture = picture_markdown(campaign["plan"], time_zone=time_zone)
    return "\n".join([campaign_line(campaign), "", *(f"- {sentence}" for sentence in sentences), "", picture])


def asked_markdown(asked: AskedPlan, *, time_zone: str | None, foretold: Mapping[str, Any] | None = None) -> str:
    """Return the plan that a second person approves, as markdown; with what was foretold, the picture of it too."""
    lines = [
        f"**{plain_markdown(asked.name)} waits for a second person.** Exactly this would be sent:",
        "",
        "| | |",
        "| --- | --- |",
        *(f"| {name} | {plain_markdown(value)} |" for name, value in asked_rows(asked, time_zone=time_zone)),
        "",
        f"`windowcast campaigns approve {asked.campaign_id} --plan {asked.plan.short_hash} --by NAME` lets it go, and "
        f"so does the form behind Resume on the page of its run; `windowcast campaigns reject {asked.campaign_id} "
        "--because TEXT` cancels it.",
    ]
    if foretold:
        lines += ["", picture_markdown(foretold, time_zone=time_zone)]
    return "\n".join(lines)


def asked_rows(asked: AskedPlan, *, time_zone: str | None) -> list[tuple[str, str]]:
    """Return the plan that a second person approves, as names and values."""
    plan = asked.plan

    def moment(at: datetime | None, none: str) -> str:
        return none if at is None else local_time(at, time_zone)

    rows = [
        ("Account", plan.account),
        ("Template", f"{plan.template} · {plan.language} · {plan.version}"),
        ("Text", " ".join((asked.text or "").split())),
        ("Send time", moment(plan.scheduled_at, "at once, when it is approved")),
        ("Not after", moment(plan.not_after, "")),
        ("Waits for people until", moment(plan.hold_until, "")),
        ("Rows of the list", f"{plan.rows:,}"),
        ("Good rows", f"{plan.good:,}"),
        ("People who could be reached", f"{plan.eligible:,}"),
        ("Sends again what is proven absent", "yes" if plan.resends_unknown else ""),
        ("Private replies", "" if plan.private_replies is None else str(plan.private_replies)),
        ("Submitted by", asked.submitted_by or "somebody whose name was not kept"),
        ("List (sha256)", plan.list_sha256[:16]),
        ("Plan", plan.short_hash),
    ]
    return [(name, value) for name, value in rows if value]


def campaign_line(campaign: Mapping[str, Any]) -> str:
    """Say which campaign a page is about, and how to look at it."""
    campaign_id = campaign["campaign_id"]
    name, account = plain_markdown(campaign["name"]), plain_markdown(campaign["account"])
    return f"Campaign **{name}** of {account} · `windowcast campaigns show {campaign_id}`"


def picture_markdown(foretold: Mapping[str, Any], *, time_zone: str | None) -> str:
    """Return the picture of a plan's facts; nothing where nobody can be reached, which needs no picture."""
    zone = named_zone(time_zone or "UTC")
    starts = [(datetime.fromisoformat(one["at"]).astimezone(zone), one["people"]) for one in foretold["starts"]]
    if not any(people for _, people in starts):
        return ""
    send_at = datetime.fromisoformat(foretold["at"]).astimezone(zone)
    picture = forecast_picture(starts, closings=foretold["closings_per_hour"], send_at=send_at)
    return f"![How many windows close hour by hour, and how many people a start then reaches]({data_address(picture)})"
