"""The message list: one row per row of the sheet, filtered, and written to files with its outcome in words."""

from uuid import uuid4

import openpyxl
import pyarrow.parquet as pq
import pytest

from domain.errors import NotFoundError, UsageError
from domain.reasons import SENTENCES, Reason
from domain.states import MessageState
from factories import TIMING, user_id, write_table
from tasks.campaigns import start_campaign
from tasks.messages import export_messages, list_messages

OUTCOMES = [
    "windowcast_state",
    "windowcast_reason",
    "windowcast_sent_at",
    "windowcast_delivered_at",
    "windowcast_read_at",
    "windowcast_message_id",
    "windowcast_sent_by",
]


def campaign(world, tmp_path):
    """Five rows: one sent, one waiting, one never heard of, one bad, one there twice."""
    account, template = world.account(), world.template(tmp_path)
    world.people_write(account, [1, 2])
    rows = [
        ("user_id", "name"),
        (user_id(1), "=Ann"),
        (user_id(2), "Ben"),
        (user_id(3), "Cy"),
        ("12-ab", "Di"),
        (user_id(2), "Ben"),
    ]
    path = write_table(tmp_path / "list.csv", rows)
    campaign_id = world.submit(world.submission(account, template, file=path, accepts_valid=True), tmp_path)
    start_campaign(world.connection, campaign_id, timing=TIMING)
    world.end(world.claim(campaign_id, 1), outcome="accepted", state="sent", mid="m-1")
    return campaign_id


def test_messages_are_listed_in_the_order_of_the_sheet_and_filtered_by_state_and_reason(world, tmp_path):
    campaign_id = campaign(world, tmp_path)

    def numbers(**filters):
        return [row["row_number"] for row in list_messages(world.connection, campaign_id, **filters)]

    assert numbers() == [2, 3, 4, 5, 6]
    assert numbers(state=MessageState.SENT) == [2]
    assert numbers(state=MessageState.INVALID, reason=Reason.BAD_USER_ID) == [5]
    assert numbers(reason=Reason.NEVER_INTERACTED) == [4]
    assert numbers(state=MessageState.READY, reason=Reason.DUPLICATE) == []
    (bad,) = list_messages(world.connection, campaign_id, reason=Reason.BAD_USER_ID)
    assert (bad["typed_user_id"], bad["user_id"], bad["cells"]) == ("12-ab", None, ["Di"])


def test_the_messages_of_no_campaign_are_an_error_not_an_empty_list(world_18, tmp_path):
    with pytest.raises(NotFoundError, match="There is no campaign"):
        list(list_messages(world_18.connection, uuid4()))
    with pytest.raises(NotFoundError, match="There is no campaign"):
        export_messages(world_18.connection, uuid4(), path=tmp_path / "out.csv")


def read(path):
    match path.suffix:
        case ".xlsx":
            rows = openpyxl.load_workbook(path).active.iter_rows(values_only=True)
            return [[str(cell) if cell is not None else "" for cell in row] for row in rows]
        case ".parquet":
            table = pq.read_table(path)
            return [
                table.column_names,
                *([str(cell) if cell is not None else "" for cell in row.values()] for row in table.to_pylist()),
            ]
        case _:
            import csv

            return list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))


@pytest.mark.parametrize("suffix", [".xlsx", ".csv", ".parquet"])
def test_an_export_has_the_columns_of_the_user_and_the_outcome_in_words(world_18, tmp_path, suffix):
    campaign_id = campaign(world_18, tmp_path)
    path = tmp_path / f"result{suffix}"

    count = export_messages(world_18.connection, campaign_id, path=path)

    header, *rows = read(path)
    assert (count, len(rows), header) == (5, 5, ["user_id", "name", *OUTCOMES])
    # A text that a spreadsheet would run is written as text; parquet runs nothing.
    assert rows[0][:2] == [user_id(1), "=Ann" if suffix == ".parquet" else "'=Ann"]
    assert [row[2] for row in rows] == ["sent", "ready", "ineligible", "invalid", "duplicate"]
    assert [row[3] for row in rows[2:]] == [
        SENTENCES[Reason.NEVER_INTERACTED],
        SENTENCES[Reason.BAD_USER_ID],
        SENTENCES[Reason.DUPLICATE],
    ]
    assert rows[0][4].startswith("20")
    assert (rows[0][7], rows[3][0]) == ("m-1", "12-ab")


def test_an_export_may_be_filtered_and_an_unknown_kind_of_file_is_refused(world_18, tmp_path):
    campaign_id = campaign(world_18, tmp_path)
    path = tmp_path / "bad.csv"

    assert export_messages(world_18.connection, campaign_id, path=path, state=MessageState.INVALID) == 1
    assert export_messages(world_18.connection, campaign_id, path=path, reason=Reason.OPTED_OUT) == 0

    assert len(read(path)) == 1
    with pytest.raises(UsageError, match="pdf"):
        export_messages(world_18.connection, campaign_id, path=tmp_path / "list.pdf")


def test_rows_under_a_refused_header_are_exported_in_the_columns_of_the_template(world_18, tmp_path):
    account, template = world_18.account(), world_18.template(tmp_path, text="$(a) $(b)")
    rows = [("user_id", "a", "b", "c"), (user_id(1), "1", "2", "3"), (user_id(2),)]
    wide = world_18.take_in(
        world_18.submission(account, template, file=write_table(tmp_path / "w.csv", rows)), tmp_path
    )
    rows = [("user_id", "a"), (user_id(1), "1")]
    slim = world_18.take_in(
        world_18.submission(account, template, file=write_table(tmp_path / "s.csv", rows)), tmp_path
    )

    assert export_messages(world_18.connection, wide, path=tmp_path / "wide.csv") == 2
    assert export_messages(world_18.connection, slim, path=tmp_path / "slim.csv") == 1

    assert [row[:4] for row in read(tmp_path / "wide.csv")[1:]] == [
        [user_id(1), "1", "2", "invalid"],
        [user_id(2), "", "", "invalid"],
    ]
    assert read(tmp_path / "slim.csv")[1][:4] == [user_id(1), "1", "", "invalid"]
