"""Reading, checking and staging a workbook, beside what one would write with pandas; both in one run."""

import sys
import tempfile
import time
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from uuid import uuid4

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import servers
from clients.postgres import connect
from domain.submission import Submission
from factories import World, user_id
from tasks.submission import find_row_problems, find_target, make_messages, open_campaign, read_list, stage_list


def main() -> None:
    """Print one line for each size: seconds of both, and their ratio."""
    rows = [int(word) for word in sys.argv[1:]] or [10_000, 100_000]
    server = servers.embedded()
    server.make_template()
    folder = Path(tempfile.mkdtemp(prefix="windowcast-bench-"))
    print(
        f"{datetime.now(UTC):%Y-%m-%d} intake of a workbook, 4 columns, 5 % of the rows bad; Postgres {server.version}"
    )
    print(f"{'rows':>9}  {'windowcast s':>12}  {'pandas s':>9}  ratio   (read, stage, check, message list)")
    try:
        for count in rows:
            path = folder / f"{count}.xlsx"
            write_workbook(path, count)
            name = server.create()
            with connect(server.url(name)) as connection:
                ours, steps = windowcast(connection, path, folder)
            theirs = pandas_alternative(path, server.url(name))
            server.drop(name)
            print(f"{count:>9}  {ours:>12.2f}  {theirs:>9.2f}  {theirs / ours:>5.1f}   {steps}")
    finally:
        server.stop()


def write_workbook(path: Path, count: int) -> None:
    import xlsxwriter

    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        sheet = book.add_worksheet("Recipients")
        sheet.write_row(0, 0, ["user_id", "first_name", "offer", "shop"])
        for number in range(count):
            bad = number % 20 == 0
            sheet.write_row(number + 1, 0, ["12" if bad else user_id(number), f"Name {number}", "green tea", "harbour"])


def windowcast(connection, path: Path, folder: Path) -> tuple[float, str]:
    world = World(connection)
    account = world.account()
    template = world.template(folder, text="Hello $(first_name), $(offer) at $(shop)!")
    submission = Submission(
        submission_id=uuid4(),
        account=account.name,
        template=template.code,
        language="en",
        file=path,
        accepts_valid=True,
    )
    target = find_target(connection, submission)
    own = Path(tempfile.mkdtemp(dir=folder))
    marks = [time.perf_counter()]
    given = read_list(submission, folder=own)
    marks.append(time.perf_counter())
    campaign_id = open_campaign(connection, submission, target=target, sha256=given.sha256)
    can_judge = stage_list(connection, campaign_id, target=target, given=given)
    marks.append(time.perf_counter())
    find_row_problems(connection, campaign_id, template=template)
    marks.append(time.perf_counter())
    make_messages(connection, campaign_id, target=target, given=given, can_judge=can_judge)
    marks.append(time.perf_counter())
    steps = ", ".join(f"{after - before:.2f}" for before, after in pairwise(marks))
    return marks[-1] - marks[0], steps


def pandas_alternative(path: Path, url: str) -> float:
    import pandas as pd
    from sqlalchemy import create_engine

    from validations.recipients_suite import _sqlalchemy_url

    started = time.perf_counter()
    frame = pd.read_excel(path, engine="openpyxl", dtype=str, keep_default_na=False)
    frame["bad_id"] = ~frame["user_id"].str.fullmatch(r"[0-9]{5,20}")
    frame["missing"] = (frame[["first_name", "offer", "shop"]] == "").any(axis=1)
    frame["too_long"] = frame[["first_name", "offer", "shop"]].apply(lambda column: column.str.len()).sum(axis=1) > 1980
    frame["repeated"] = frame.duplicated("user_id", keep=False)
    frame.to_sql("alternative", create_engine(_sqlalchemy_url(url)), if_exists="replace", index=False, chunksize=10_000)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
