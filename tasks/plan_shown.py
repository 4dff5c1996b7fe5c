"""A plan where people of a Prefect server look: states, reasons and sentences, with no name, text or id of anybody."""

from typing import Final

from domain.reasons import SENTENCES
from domain.states import CampaignState
from tasks.intake import Plan
from tasks.planning import plan_sentences

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


def plan_markdown(plan: Plan) -> str:
    """Return a plan as markdown: what would happen, the forecast, how many rows stand where, and the first problems."""
    lines = [f"**{plan_sentence(plan)}**", ""]
    if plan.state is not CampaignState.REFUSED:
        lines += [f"- {sentence}" for sentence in plan_sentences(plan.outlook, account=plan.account)]
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
    return "\n".join(lines)
