"""`windowcast report` and the funnel of `campaigns show`, as their users meet them; and the record that runs leave."""

import asyncio
import contextlib
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from clients.postgres import connect
from domain.errors import UnfinishedError
from factories import World, user_id
from tasks.accounts import list_accounts


@pytest.fixture
def campaign(shop, database_18, tmp_path):
    """A campaign of two people that is to start in two hours."""
    with connect(database_18) as connection:
        world = World(connection)
        (account,) = list_accounts(connection)
        later = datetime.now(UTC) + timedelta(hours=2)
        return world.submit_ids(tmp_path, [1, 2], account=account, scheduled_at=later)


def test_a_campaign_has_the_record_of_its_runs_and_its_funnel(shop, database_18):
    file = shop.csv("list.csv", [(user_id(number), "Ada") for number in range(3)])
    campaign_id = shop.command.json("submit", *shop.words(file), "--yes")["campaign_id"]
    shop.command.json("campaigns", "run", campaign_id)
    with connect(database_18) as connection:
        connection.execute(
            "UPDATE message_list SET state = 'delivered', platform_sent_at = sent_at - interval '1 s', "
            "delivered_at = sent_at + interval '4 s' WHERE row_number = 2"
        )

    (told,) = shop.command.json("report", "history")
    funnel = shop.command.json("campaigns", "show", campaign_id)["funnel"]
    shown = shop.command("campaigns", "show", campaign_id).out
    written = shop.command("report", "history", "--out", "history.html")

    runs = told["runs"]
    assert [run["flow"] for run in runs] == ["campaigns run", "campaigns run", "submit-campaign"]
    assert {run["ended_with"] for run in runs} == {"finished"}
    assert {run["flow_run_id"] for run in runs} == {None}  # no Prefect server is configured
    assert all(0 <= run["seconds"] < 120 and run["started_at"] <= run["ended_at"] for run in runs)
    assert runs[2]["started_at"] < runs[1]["started_at"]  # the submit began before the send that it made
    assert (told["sent_count"], told["eligible_count"], told["sent_rate"]) == (3, 3, 1.0)
    assert [funnel[stage] for stage in ("rows", "good", "eligible", "sent", "delivered", "read")] == [3, 3, 3, 3, 1, 0]
    assert (funnel["median_seconds_to_delivery"], funnel["median_seconds_to_delivery_ours"]) == (5, 4)
    assert funnel["median_seconds_to_read"] is None
    assert "Median time to delivery: 5.0 s on the platform's clock, 4.0 s from our clock." in shown
    assert "to reading" not in shown
    assert "Besides: 0 failed, 0 unknown, 0 expired." in shown
    assert "Written: history.html" in written.out
    assert (shop.command.folder / "history.html").read_text().count("<svg") == 2


def test_a_run_that_cannot_send_leaves_the_code_of_its_error(shop, campaign):
    assert shop.command("campaigns", "run", str(campaign), "--json").code == 6

    (told,) = shop.command.json("report", "history", "--account", "Shop")
    (run,) = told["runs"]
    assert run["ended_with"] == "unfinished"
    assert -7300 < run["seconds_after_its_time"] < -7000


@pytest.mark.parametrize(
    ("error", "code"),
    [
        pytest.param(UnfinishedError("x"), "unfinished", id="ours"),
        pytest.param(ZeroDivisionError(), "bug", id="bug"),
        pytest.param(asyncio.CancelledError(), "stopped", id="stopped"),
        pytest.param(None, "scheduled", id="well"),
    ],
)
async def test_however_a_run_ends_its_record_is_closed(campaign, database_18, error, code):
    from tasks.runs import recorded_run

    with contextlib.suppress(UnfinishedError, ZeroDivisionError, asyncio.CancelledError):
        async with recorded_run(campaign, flow="campaigns run"):
            if error is not None:
                raise error

    with connect(database_18) as connection:
        assert [row["ended_with"] for row in connection.execute("SELECT ended_with FROM campaign_run")] == [code]


async def test_a_campaign_that_does_not_exist_gets_no_record_and_no_other_error(command, database_18):
    from tasks.runs import recorded_run

    async with recorded_run(uuid4(), flow="campaigns run"):
        pass

    with connect(database_18) as connection:
        assert connection.execute("SELECT * FROM campaign_run").fetchall() == []


def test_the_history_refuses_another_kind_of_file(command):
    assert command("report", "history", "--out", "history.doc", "--json").code == 2


def test_the_report_of_a_night_is_made_kept_and_shown_again(shop):
    first = shop.command.json("report", "eligibility", "--out", str(shop.command.folder / "new" / "reports"))
    again = shop.command("report", "eligibility")
    shown = shop.command.json("report", "eligibility", "--date", first["night"])

    (account,) = first["accounts"]
    assert (first["kept"], account["open_now"], account["account"]) == ("kept", 10, "Shop")
    assert [night["open_now"] for night in account["nights"]] == [10]
    assert sorted(path.rsplit(".", 1)[1] for path in first["files"]) == ["html", "xlsx"]
    assert "This night's figures were kept before, and stay as they were." in again.out
    assert "Send now to reach 10 people; 0 windows close within the hour." in again.out
    assert shown["accounts"][0]["starts"] == account["starts"]
    assert shown["kept"] == "was_kept"


def test_a_segment_with_unusable_ids_is_reported_and_said_with_its_exit_code(shop):
    (shop.command.folder / "segment.txt").write_text(f"{user_id(1)}\nabc\n{user_id(99)}\n")

    done = shop.command("report", "eligibility", "--segment", "segment.txt", "--json")

    assert done.code == 3
    assert done.json["segment"]["problems"] == [{"row_number": 2, "text": "The user id 'abc' is not 5 to 20 digits."}]
    (account,) = done.json["accounts"]
    assert (account["open_now"], account["never_wrote"], done.json["kept"]) == (1, 1, "not_kept")


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        pytest.param(["--date", "yesterday"], 2, "write it as 2026-11-24", id="no day"),
        pytest.param(["--date", "2020-01-01"], 2, "was not measured", id="not measured"),
        pytest.param(["--date", "2999-01-01"], 2, "has not come yet", id="to come"),
        pytest.param(["--date", "2020-01-01", "--segment", "x.csv"], 2, "not both", id="both"),
        pytest.param(["--account", "Nobody"], 2, "no account named Nobody", id="account"),
        pytest.param(["--segment", "none.csv"], 2, "no file none.csv", id="segment"),
    ],
)
def test_words_that_do_not_fit_are_refused_in_a_sentence(shop, words, code, told):
    done = shop.command("report", "eligibility", *words, "--json")

    assert done.code == code
    assert told in done.json["error"]["text"]
