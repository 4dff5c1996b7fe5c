"""What a submit has made, as its command tells it: the campaign, its rows, its problems, and what is left to do."""

import contextlib
from pathlib import Path
from typing import Any

import click

from cli.annotated import path_text, say_where, write_annotated
from cli.output import print_json, say
from cli.session import Session
from cli.shown import (
    campaign_details_json,
    problem_json,
    same_file_json,
    say_remarks,
    say_same_file,
    show_counts,
    show_problems,
)
from cli.verdict import error_json, exit_code, holds_bad_rows, plan_error
from domain.errors import CampaignError, UnfinishedError
from domain.states import CampaignState
from domain.submission import Submission


def show_result(
    opened: Session, submission: Submission, *, error: CampaignError | None, as_json: bool, annotated: Path | None
) -> int:
    """Tell what became of a submit, write the annotated workbook if it is asked for, and return the exit code.

    Raises the error that has kept it from making a campaign.
    """
    from tasks.campaigns import count_messages, get_campaign
    from tasks.staging import list_problems
    from tasks.submission import find_campaign_of, find_same_file, find_target

    campaign_id = find_campaign_of(opened.connection, submission.submission_id)
    if campaign_id is None:
        raise error or CampaignError("The submit made no campaign and gave no reason.")
    campaign = get_campaign(opened.connection, campaign_id)
    counts = count_messages(opened.connection, [campaign_id])[campaign_id]
    problems = list_problems(opened.connection, campaign_id)
    target = find_target(opened.connection, submission)
    same_file = find_same_file(opened.connection, target=target, sha256=campaign["list_sha256"], before=campaign)
    error = error or plan_error(CampaignState(campaign["state"]), campaign["refusal"]) or _waits(opened, campaign)
    written = write_annotated(opened, campaign_id, annotated=annotated if counts.rows else None)
    if as_json:
        print_json(
            {
                **campaign_details_json(opened.connection, campaign, settings=opened.settings),
                "problems": [problem_json(problem) for problem in problems],
                "annotated": path_text(written),
                "same_file": same_file_json(same_file),
                **error_json(error),
            }
        )
    else:
        click.echo(f"Campaign {campaign['name']} ({campaign_id}) is {campaign['state']}.")
        show_counts(counts)
        show_problems(problems)
        say_remarks(campaign["remarks"] or ())
        if same_file is not None:
            say_same_file(same_file)
        if error is not None:
            say(str(error))
    if campaign["scheduled_run_id"] is not None:
        _say_who_starts_it()
    how = f"`windowcast campaigns workbook {campaign_id} --out FILE.xlsx`"
    unwritten = None if counts.rows else annotated
    say_where(unwritten, written=written, has_bad_rows=holds_bad_rows(counts), how=how)
    return exit_code(error, has_bad_rows=holds_bad_rows(counts))


def _say_who_starts_it() -> None:
    """Say it at once when no worker would start a timed campaign, and not when its windows have closed."""
    from tasks.timed_runs import nobody_takes_it

    with contextlib.suppress(CampaignError):  # the server has just answered: that it is away now is no news of a submit
        sentence = nobody_takes_it()
        if sentence is not None:
            say(sentence)


def _waits(opened: Session, campaign: dict[str, Any]) -> CampaignError | None:
    """Say that a campaign waits for a second person, and by which command that person lets it go."""
    from tasks.approvals import waiting_sentence
    from tasks.submitted_plan import read_plan

    if campaign["state"] != CampaignState.AWAITING_APPROVAL:
        return None
    return UnfinishedError(waiting_sentence(read_plan(opened.connection, campaign["campaign_id"])))
