"""`windowcast check`: a list of recipients only judged."""

import contextlib
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from cli.annotated import check_annotated, path_text, say_where
from cli.output import print_json, say
from cli.session import session
from cli.shown import plan_json, show_counts, show_findings, show_forecast, show_held
from cli.submission_options import submission_of, submission_options
from cli.verdict import error_json, exit_code, holds_bad_rows, plan_error, say_earlier
from domain.errors import NobodyEligibleError


@click.command()
@submission_options
@click.option(
    "--wait", is_flag=True, hidden=True, help="Taken so that the words of a submit can be checked as they are."
)
@click.option("--yes", is_flag=True, hidden=True, help="The same.")
def check(*, as_json: bool, wait: bool, yes: bool, annotated: Path | None, **given: Any) -> int:  # noqa: ARG001  # a check asks and waits for nothing
    """Show exactly what submit would do: rows by reason, forecast, duration. Nothing is sent or kept."""
    from tasks.intake import nobody_sentence, plan_submission
    from tasks.mapped_interactions import read_all
    from tasks.windows import guards_of, timing_of

    with session() as opened, TemporaryDirectory() as folder:
        submission = submission_of(opened, **given)
        check_annotated(annotated, submission)
        read_all(opened.connection, opened.settings)
        # What is known is shown at once. Where machines read the output, it goes to the people at the terminal.
        with contextlib.redirect_stdout(sys.stderr) if as_json else contextlib.nullcontext():
            plan = plan_submission(
                opened.connection,
                submission,
                folder=Path(folder),
                timing=timing_of(opened.settings),
                guards=guards_of(opened.settings),
                annotated=annotated,
                on_problems=show_findings,
                on_forecast=show_forecast,
            )
    written = annotated if plan.counts.rows else None
    error = plan_error(plan.state, plan.refusal) or plan.too_old
    if error is None and plan.outlook.forecast.eligible_at_send == 0 and submission.hold_until is None:
        error = NobodyEligibleError(nobody_sentence(plan.outlook, is_timed=submission.scheduled_at is not None))
    if as_json:
        print_json({**plan_json(plan), "annotated": path_text(written), **error_json(error)})
    else:
        show_counts(plan.counts)
        show_held(plan)
        if error is not None:
            say(str(error))
    say_where(annotated, written=written, has_bad_rows=holds_bad_rows(plan.counts), how="add --annotated FILE.xlsx")
    say_earlier(plan, submission)
    return exit_code(error, has_bad_rows=holds_bad_rows(plan.counts))
