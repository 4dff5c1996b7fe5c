"""What a check and a submit say alike of a list in the end: its error, its exit code, and whether it came before."""

from typing import TYPE_CHECKING, Any

from cli.output import say
from cli.shown import say_same_file
from domain.errors import CampaignError, InputRefusedError
from domain.states import CampaignState
from domain.submission import Submission

if TYPE_CHECKING:
    from tasks.intake import Plan


def plan_error(state: CampaignState, refusal: str | None) -> CampaignError | None:
    """Return the error of a list that is refused."""
    if state is CampaignState.REFUSED:
        return InputRefusedError(refusal or "The list was refused.")
    return None


def error_json(error: CampaignError | None) -> dict[str, Any]:
    """Return an error as JSON shows it beside everything else; nothing where there is none."""
    return {} if error is None else {"error": {"code": error.code, "text": str(error)}}


def exit_code(error: CampaignError | None, *, has_bad_rows: bool) -> int:
    """Return the exit code: that of the error, else the one of a list that is refused in part."""
    if error is not None:
        return error.exit_code
    return InputRefusedError.exit_code if has_bad_rows else 0


def holds_bad_rows(counts: Any) -> bool:
    """Say whether any row was invalid."""
    from domain.states import MessageState

    return bool(counts.by_state[MessageState.INVALID])


def say_earlier(plan: "Plan", submission: Submission) -> None:
    """Say that the same list, or the same file, was submitted before, where it was."""
    if plan.earlier is not None and not submission.again:
        say(f"The same list was submitted already, as {plan.earlier['name']} ({plan.earlier['campaign_id']}).")
    elif plan.same_file is not None:
        say_same_file(plan.same_file)
