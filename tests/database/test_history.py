"""The run history and the funnel of a campaign, against rows counted by hand; and the files and the page of it."""

import csv
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import openpyxl
import pytest

from domain.errors import NotFoundError, UsageError
from factories import TIMING
from reports.history import CAMPAIGN_COLUMNS, FAILURE_COLUMNS, RATE_COLUMNS, RUN_COLUMNS, words_of
from reports.history_files import SHEETS
from reports.history_page import ends_by_day, history_page, reasons
from tasks.campaigns import start_campaign
from tasks.history import Funnel, read_funnel, read_history, write_history

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
ENDS = (
    # state, reason, platform's time of sending, delivered, read: in seconds after our sent_at
    ("read", None, -2, 10, 70),
    ("read", None, -2, 20, 200),
    ("delivered", None, -2, 60, None),
    ("sent", None, None, None, None),
    ("failed", "message_refused", None, None, None),
    ("unknown", "no_answer", None, None, None),
    ("expired", "window_closed", None, None, None),
    ("cancelled", "campaign_cancelled", None, None, None),
    ("ineligible", "window_closed", None, None, None),
    ("ready", None, None, None, None),
)


def ended(world, tmp_path, *, account=None, **fields):
    """A campaign with a message of each end, and one bad row; sent in two minutes."""
    account = account or world.account(name="Shop", per_second=2)
    world.people_write(account, range(10))
    template = world.template(tmp_path, text="Hello!")
    ids = tuple(str(25_000_000_000_000_001 + 2 * number) for number in range(10))
    submission = world.submission(account, template, user_ids=(*ids, "12-ab"), accepts_valid=True, **fields)
    campaign_id = world.submit(submission, tmp_path)
    start_campaign(world.connection, campaign_id, timing=TIMING)
    for number, (state, reason, sent, delivered, read) in enumerate(ENDS):
        ours = NOON + timedelta(seconds=30 * number)
        times = [None if seconds is None else ours + timedelta(seconds=seconds) for seconds in (sent, delivered, read)]
        world.connection.execute(
            "UPDATE message_list SET state = %s, reason = %s, sent_at = %s, platform_sent_at = %s, delivered_at = %s, "
            "read_at = %s WHERE campaign_id = %s AND user_id = %s",
            [state, reason, ours if state in {"read", "delivered", "sent"} else None, *times, campaign_id, ids[number]],
        )
    return campaign_id


def test_the_funnel_counts_each_stage_as_a_part_of_the_one_before(world, tmp_path):
    campaign_id = ended(world, tmp_path)

    funnel = read_funnel(world.connection, campaign_id)

    # On the platform's clock delivery took 12, 22 and 62 s; from our clock, two seconds behind it, 10, 20 and 60.
    assert funnel == Funnel(
        row_count=11, good_count=10, eligible_count=8, sent_count=4, delivered_count=3, read_count=2, failed_count=1,
        unknown_count=1, expired_count=1, median_seconds_to_delivery=22, median_seconds_to_read=137,
        median_seconds_to_delivery_ours=20, median_seconds_to_read_ours=135, measured_count=11,
    )  # fmt: skip


def test_the_view_adds_up_over_every_state(world, tmp_path):
    campaign_id = ended(world, tmp_path)

    (row,) = read_history(world.connection, since=None, account=None, zone=None).campaigns

    assert row["campaign_id"] == campaign_id
    assert row["good_count"] == row["eligible_count"] + row["cancelled_count"] + 1  # one is ineligible
    ends = ("sent_count", "failed_count", "unknown_count", "expired_count", "open_count")
    assert row["eligible_count"] == sum(row[name] for name in ends)
    assert [float(row[name]) for name in ("sent_rate", "delivered_rate", "read_rate")] == [0.5, 0.75, 0.5]
    assert set(row) == set(CAMPAIGN_COLUMNS)


def test_a_campaign_without_receipts_has_no_medians_and_one_without_rows_no_rates(world_18, tmp_path):
    account = world_18.account()
    world_18.people_write(account, [1])
    campaign_id = world_18.submit_ids(tmp_path, [1], account=account)

    before = read_funnel(world_18.connection, campaign_id)
    world_18.connection.execute("DELETE FROM message_list")
    (row,) = read_history(world_18.connection, since=None, account=None, zone=None).campaigns

    assert (before.eligible_count, before.sent_count, before.median_seconds_to_delivery) == (1, 0, None)
    assert (row["row_count"], row["sent_rate"], row["delivered_rate"]) == (0, None, None)
    with pytest.raises(NotFoundError):
        read_funnel(world_18.connection, uuid4())


def test_the_rate_is_told_minute_by_minute(world, tmp_path):
    ended(world, tmp_path)

    rates = read_history(world.connection, since=None, account=None, zone=None).rates

    assert [(row["minute"], row["sent_count"], float(row["per_second"]), row["pace"]) for row in rates] == [
        (NOON + timedelta(minutes=1), 2, 0.03, 2),
        (NOON, 2, 0.03, 2),
    ]


def test_a_history_can_be_of_one_account_and_since_a_time(world_18, tmp_path):
    shop = ended(world_18, tmp_path)
    other = ended(world_18, tmp_path, account=world_18.account(name="Other"))
    world_18.connection.execute(
        "UPDATE campaign SET created_at = created_at - interval '31 days' WHERE campaign_id = %s", [other]
    )

    def told(**fields):
        given = {"since": None, "account": None, "zone": None, **fields}
        return [row["campaign_id"] for row in read_history(world_18.connection, **given).campaigns]

    assert told() == [shop]
    assert told(since=datetime(2020, 1, 1, tzinfo=UTC)) == [shop, other]
    assert told(since=datetime(2020, 1, 1, tzinfo=UTC), account="Other") == [other]
    with pytest.raises(NotFoundError, match="no account named Nobody"):
        told(account="Nobody")


def test_failures_are_told_by_reason(world_18, tmp_path):
    ended(world_18, tmp_path)

    history = read_history(world_18.connection, since=None, account=None, zone=None)

    assert dict(reasons(history)) == {
        "window_closed": 2, "bad_user_id": 1, "campaign_cancelled": 1, "message_refused": 1, "no_answer": 1,
    }  # fmt: skip
    ((_, ends),) = ends_by_day(history)
    assert ends == {"read": 2, "delivered": 1, "sent": 1, "failed": 1, "unknown": 1, "expired": 1}


@pytest.fixture
def history(world_18, tmp_path):
    campaign_id = ended(world_18, tmp_path, name="=Sale <b> & more")
    world_18.connection.execute(
        "INSERT INTO campaign_run (run_id, campaign_id, flow, flow_run_id, started_at, ended_at, ended_with) VALUES "
        "(gen_random_uuid(), %(id)s, 'submit-campaign', gen_random_uuid(), clock(), clock(), 'sending'), "
        "(gen_random_uuid(), %(id)s, 'send-campaign', gen_random_uuid(), clock(), NULL, NULL)",
        {"id": campaign_id},
    )
    return read_history(world_18.connection, since=None, account=None, zone="Europe/Berlin")


def test_the_workbook_holds_every_table_of_the_history(history, tmp_path):
    path = tmp_path / "history.xlsx"

    write_history(path, history)

    book = openpyxl.load_workbook(path)
    assert book.sheetnames == [*SHEETS, "Chart"]
    tables = (history.campaigns, history.runs, history.failures, history.rates)
    for (name, columns), rows in zip(SHEETS.items(), tables, strict=True):
        found = list(book[name].iter_rows(values_only=True))
        assert found[0] == tuple(map(words_of, columns))
        assert len(found) == len(rows) + 1
        for cells, row in zip(found[1:], rows, strict=True):
            for column, cell in zip(columns, cells, strict=True):
                value = row[column]
                if isinstance(value, int | float):
                    assert cell == value, column
                elif isinstance(value, datetime):
                    local = value.astimezone(history.local).replace(tzinfo=None)
                    assert abs(cell - local) < timedelta(milliseconds=2), column
    assert book["Campaigns"]["B2"].value == "'=Sale <b> & more"


def test_the_table_of_campaigns_is_written_as_csv_and_parquet_too(history, tmp_path):
    import pyarrow.parquet as pq

    for name in ("history.csv", "history.parquet"):
        write_history(tmp_path / name, history)

    with (tmp_path / "history.csv").open(encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["sent_count"], row["sent_rate"], row["median_seconds_to_delivery"]) == ("4", "0.5", "22.0")
    table = pq.read_table(tmp_path / "history.parquet")
    assert table.column_names == list(CAMPAIGN_COLUMNS)
    (row,) = table.to_pylist()
    assert (row["name"], row["sent_count"], row["sent_rate"]) == ("=Sale <b> & more", 4, 0.5)
    assert row["created_at"] == history.campaigns[0]["created_at"]


def test_a_history_without_campaigns_is_written_as_every_kind(world_18, tmp_path):
    empty = read_history(world_18.connection, since=None, account=None, zone=None)

    for name in ("a.xlsx", "a.csv", "a.parquet", "a.html"):
        write_history(tmp_path / name, empty)
        assert (tmp_path / name).stat().st_size > 100
    assert "There are none." in (tmp_path / "a.html").read_text()


def test_another_kind_of_file_is_refused(history, tmp_path):
    with pytest.raises(UsageError, match=r"should end in \.html, \.xlsx, \.csv or \.parquet"):
        write_history(tmp_path / "history.pdf", history)


def test_the_page_holds_every_table_and_only_our_own_script(history):
    page = history_page(history)

    assert page.count("=Sale &lt;b&gt; &amp; more") >= 4
    assert "<b>" not in page
    assert page.count("<svg") == page.count('<figure role="img"') == 3
    assert page.count("<script>") == 1
    assert "script-src 'sha256-" in page
    assert "'unsafe-inline'" not in page.split("script-src")[1].split('"')[0]
    assert all(f">{words_of(name)}</th>" in page for name in (*CAMPAIGN_COLUMNS[1:], *RUN_COLUMNS, *FAILURE_COLUMNS))


def test_the_columns_of_the_tables_are_those_of_the_views(world_18):
    views = {"campaign_summary": CAMPAIGN_COLUMNS, "run_history": RUN_COLUMNS, "failure_breakdown": FAILURE_COLUMNS}
    for view, columns in {**views, "send_rate": RATE_COLUMNS}.items():
        names = {column.name for column in world_18.connection.execute(f"SELECT * FROM {view}").description}
        assert set(columns) <= names
        assert view != "campaign_summary" or set(columns) == names
