"""The command line's contract: what each command prints, and with which code it ends."""

import datetime as dt
import json
import os
from pathlib import Path

import fsspec
import httpx
import openpyxl
import pytest

from domain.states import MessageState
from factories import user_id

GOOD = [(user_id(number), f"Name {number}") for number in range(10)]


def test_help_names_every_command_and_every_exit_code(command):
    result = command("--help")

    assert result.code == 0
    for word in ("submit", "check", "campaigns", "messages", "doctor", "demo", "4 nobody is eligible"):
        assert word in result.out


def test_check_prints_the_exact_plan_and_keeps_nothing(shop):
    file = shop.csv("list.csv", [*GOOD, (user_id(50), "Never wrote")])

    plan = shop.command.json("check", *shop.words(file))

    assert plan["rows"] == 11
    assert plan["by_state"]["ready"] == 10
    assert plan["by_reason"] == {"never_interacted": 1}
    assert set(plan["by_state"]) == set(MessageState)
    assert (plan["eligible_now"], plan["eligible_at_send"], plan["closing_before_turn"]) == (10, 10, 0)
    assert plan["problems"] == []
    assert shop.command.json("campaigns", "list") == []


def test_check_of_bad_rows_lists_every_problem_and_ends_with_3(shop):
    file = shop.csv("list.csv", [(user_id(1), "Ada"), ("12", "Bo"), (user_id(2), ""), (user_id(1), "Other")])

    plan = shop.command.json("check", *shop.words(file), code=3)

    assert [(p["row_number"], p["column"], p["code"]) for p in plan["problems"]] == [
        (2, "user_id", "conflicting_duplicate"),
        (3, "user_id", "bad_user_id"),
        (4, "first_name", "missing_value"),
        (5, "user_id", "conflicting_duplicate"),
    ]
    assert all(p["text"].endswith(".") for p in plan["problems"])
    assert plan["error"]["code"] == "input_refused"


def test_the_workbook_of_a_template_is_filled_submitted_and_comes_back_with_outcomes(shop):
    shop.command.json("templates", "workbook", "sale", "--language", "en", "--output", "sale.xlsx")
    book = openpyxl.load_workbook("sale.xlsx")
    for row_number, row in enumerate([*GOOD, (user_id(50), "=1+1 never wrote")], start=3):
        for column, value in enumerate(row, start=1):
            cell = book.worksheets[0].cell(row_number, column)
            cell.value = value
            cell.data_type = "s"
    book.save("filled.xlsx")

    campaign = shop.command.json("submit", *shop.words("filled.xlsx"), "--name", "Sale", "--yes")
    messages = shop.command.json("messages", campaign["campaign_id"])
    shop.command.json("messages", campaign["campaign_id"], "--export", "result.xlsx")

    assert (campaign["state"], campaign["name"], campaign["account"]) == ("finished", "Sale", "Shop")
    assert campaign["by_state"]["sent"] == 10
    assert campaign["by_reason"] == {"never_interacted": 1}
    assert [message["row_number"] for message in messages] == list(range(3, 14))
    assert messages[0]["user_id"] == user_id(0)
    assert messages[0]["sent_at"].endswith("+00:00")
    assert {message.message_id for message in shop.accepted()} == {
        message["provider_message_id"] for message in messages if message["state"] == "sent"
    }
    assert sorted(message.text for message in shop.accepted()) == sorted(f"Hello Name {n}!" for n in range(10))
    result = list(openpyxl.load_workbook("result.xlsx").worksheets[0].iter_rows(values_only=True))
    assert result[0][:4] == ("user_id", "first_name", "windowcast_state", "windowcast_reason")
    assert result[11][1] == "'=1+1 never wrote"
    assert json.loads(shop.command("doctor", "--json").out)["broken_promises"] == {}


def test_a_refused_workbook_comes_back_marked_is_mended_there_and_is_sent_with_its_outcomes(shop):
    shop.command.json("templates", "workbook", "sale", "--language", "en", "--output", "sale.xlsx")
    fill("sale.xlsx", "filled.xlsx", {3: (user_id(0), "Ada"), 4: ("12-ab", "Bo"), 5: (user_id(2), None)})

    plan = shop.command.json("check", *shop.words("filled.xlsx", "--annotated", "plan.xlsx"), code=3)
    told = shop.command("submit", *shop.words("filled.xlsx"), "--yes")
    refused = shop.command.json("submit", *shop.words("filled.xlsx"), "--yes", code=3)
    shop.command.json("campaigns", "workbook", refused["campaign_id"], "--out", "marked.xlsx")
    fill("marked.xlsx", "mended.xlsx", {4: (user_id(1), "Bo"), 5: (user_id(2), "=1+1")})
    sent = shop.command.json("submit", *shop.words("mended.xlsx", "--annotated", "result.xlsx"), "--yes")

    assert (plan["annotated"], refused["annotated"], sent["annotated"]) == ("plan.xlsx", None, "result.xlsx")
    assert "campaigns workbook" in told.err
    for name in ("plan.xlsx", "marked.xlsx"):
        sheet = openpyxl.load_workbook(name)["Recipients"]
        assert [cell.value for cell in sheet[1]] == ["user_id", "first_name", "windowcast_state", "windowcast_reason"]
        assert sheet["D4"].value == next(p["text"] for p in plan["problems"] if p["row_number"] == 4)
        assert [sheet[cell].fill.fill_type for cell in ("A4", "B4", "B5", "A3")] == ["solid", None, "solid", None]
        assert sheet["A1"].font.bold
    assert sent["by_state"]["sent"] == 3
    assert sorted(message.text for message in shop.accepted()) == ["Hello =1+1!", "Hello Ada!", "Hello Bo!"]
    rows = list(openpyxl.load_workbook("result.xlsx")["Recipients"].iter_rows(min_row=3, values_only=True))
    assert [row[:4] for row in rows] == [
        (user_id(number), name, "sent", "The platform accepted the message.")
        for number, name in enumerate(["Ada", "Bo", "=1+1"])
    ]
    assert {row[7] for row in rows} == {message.message_id for message in shop.accepted()}


def test_a_csv_comes_back_as_a_workbook_that_can_be_mended_and_submitted(shop):
    file = shop.csv("list.csv", [(user_id(0), "-10%"), ("12", "Bo")])

    plan = shop.command.json("check", *shop.words(file, "--annotated", "marked.xlsx"), code=3)
    fill("marked.xlsx", "mended.xlsx", {3: (user_id(1), "Bo")})
    sent = shop.command.json("submit", *shop.words("mended.xlsx"), "--yes")

    assert plan["annotated"] == "marked.xlsx"
    assert sent["by_state"]["sent"] == 2
    assert sorted(message.text for message in shop.accepted()) == ["Hello -10%!", "Hello Bo!"]


def test_where_no_row_could_be_read_there_is_no_annotated_workbook_and_that_is_said(shop):
    (shop.command.folder / "picture.xlsx").write_bytes(b"\x89PNG and so on")

    plan = shop.command("check", *shop.words("picture.xlsx", "--annotated", "marked.xlsx"), "--json")
    refused = shop.command.json("submit", *shop.words("picture.xlsx", "--annotated", "marked.xlsx"), "--yes", code=3)
    later = shop.command.json("campaigns", "workbook", refused["campaign_id"], "--out", "marked.xlsx", code=3)

    assert plan.json["annotated"] is None
    assert "nothing to write to marked.xlsx" in plan.err
    assert (refused["annotated"], refused["file"]) == (None, "picture.xlsx")
    assert "picture" in later["error"]["text"]
    assert not (shop.command.folder / "marked.xlsx").exists()


def fill(source: str, target: str, rows: dict) -> None:
    """Type rows into a workbook as a person does: every value is a text."""
    book = openpyxl.load_workbook(source)
    for row_number, row in rows.items():
        for column, value in enumerate(row, start=1):
            cell = book.worksheets[0].cell(row_number, column)
            cell.value = value
            if value is not None:
                cell.data_type = "s"
    book.save(target)


def test_a_refused_file_is_kept_as_a_campaign_and_sends_nothing(shop):
    file = shop.csv("list.csv", [*GOOD, ("12", "Bad")])

    refused = shop.command.json("submit", *shop.words(file), "--yes", code=3)

    assert refused["state"] == "refused"
    assert refused["by_state"]["cancelled"] == 10
    assert refused["by_reason"] == {"file_refused": 10, "bad_user_id": 1}
    assert refused["error"]["code"] == "input_refused"
    assert refused["problems"][0]["row_number"] == 12
    assert shop.accepted() == []
    assert shop.command.json("campaigns", "show", refused["campaign_id"])["state"] == "refused"


def test_accept_valid_sends_the_good_rows_and_still_ends_with_3(shop):
    file = shop.csv("list.csv", [*GOOD, ("12", "Bad")])

    campaign = shop.command.json("submit", *shop.words(file), "--accept-valid", "--yes", code=3)

    assert campaign["state"] == "finished"
    assert (campaign["by_state"]["sent"], campaign["by_state"]["invalid"]) == (10, 1)
    assert len(shop.accepted()) == 10


def test_the_same_list_twice_is_refused_naming_the_earlier_unless_again(shop):
    file = shop.csv("list.csv", GOOD[:2])

    first = shop.command.json("submit", *shop.words(file), "--name", "First", "--yes")
    second = shop.command.json("submit", *shop.words(file), "--yes", code=3)
    third = shop.command.json("submit", *shop.words(file), "--again", "--yes")

    assert second["error"]["code"] == "already_submitted"
    assert "First" in second["error"]["text"]
    assert first["campaign_id"] in second["error"]["text"]
    assert third["by_state"]["sent"] == 2
    assert len(shop.accepted()) == 4


def test_few_people_are_named_by_hand(shop):
    campaign = shop.command.json(
        "submit", *shop.words(None, "--to", user_id(1), "--to", user_id(2), template="plain"), "--yes"
    )
    with_variables = shop.command.json("submit", *shop.words(None, "--to", user_id(1)), "--yes", code=2)

    assert campaign["by_state"]["sent"] == 2
    assert "first_name" in with_variables["error"]["text"]


def test_nobody_eligible_ends_with_4_and_says_why_for_each(shop):
    file = shop.csv("list.csv", [(user_id(60), "A"), (user_id(61), "B")])

    plan = shop.command.json("check", *shop.words(file), code=4)
    campaign = shop.command.json("submit", *shop.words(file), "--yes", code=4)

    assert plan["by_reason"] == {"never_interacted": 2}
    assert campaign["by_reason"] == {"never_interacted": 2}
    assert (campaign["state"], campaign["error"]["code"]) == ("refused", "nobody_eligible")


def test_a_time_later_than_every_window_ends_with_4(shop):
    at = (dt.datetime.now(dt.UTC) + dt.timedelta(hours=30)).isoformat()
    file = shop.csv("list.csv", GOOD)

    campaign = shop.command.json("submit", *shop.words(file, "--at", at), "--wait", "--yes", code=4)

    assert "closes at" in campaign["error"]["text"]
    assert campaign["state"] == "refused"
    assert shop.accepted() == []


def test_a_timed_campaign_waits_for_its_time_and_judges_windows_then(shop):
    at = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=20)
    file = shop.csv("list.csv", GOOD[:3])

    campaign = shop.command.json("submit", *shop.words(file, "--at", at.isoformat()), "--wait", "--yes")

    assert campaign["state"] == "finished"
    assert campaign["by_state"]["sent"] == 3
    assert min(message.platform_ms for message in shop.accepted()) >= at.timestamp() * 1000


def test_opted_out_people_get_nothing(shop):
    shop.command.json("suppressions", "add", "Shop", "--user", user_id(1))
    file = shop.csv("list.csv", GOOD[:3])

    campaign = shop.command.json("submit", *shop.words(file), "--yes")

    assert campaign["by_reason"] == {"opted_out": 1}
    assert user_id(1) not in {message.recipient_id for message in shop.accepted()}


def test_a_campaign_is_paused_resumed_and_cancelled_from_here(shop):
    file = shop.csv("list.csv", GOOD)
    shop.platform.add_fault("token_dead", account=shop.page)
    stopped = shop.command.json("submit", *shop.words(file), "--yes", code=6)
    shop.platform.clear_faults()
    campaign_id = stopped["campaign_id"]

    still_paused = shop.command.json("campaigns", "run", campaign_id, code=6)
    resumed = shop.command.json("accounts", "resume", "Shop")
    paused = shop.command.json("campaigns", "pause", campaign_id)
    shop.command.json("campaigns", "resume", campaign_id)
    done = shop.command.json("campaigns", "run", campaign_id)
    again = shop.command.json("campaigns", "cancel", campaign_id, code=2)

    assert stopped["by_state"]["ready"] == 10
    assert stopped["by_state"]["failed"] == 0
    assert "accounts resume" in still_paused["error"]["text"]
    assert resumed["resumed_campaigns"] == [campaign_id]
    assert paused["state"] == "paused"
    assert (done["state"], done["by_state"]["sent"]) == ("finished", 10)
    assert "finished" in again["error"]["text"]


def put_clock_ahead(database, **by):
    from clients.postgres import connect
    from factories import World

    with connect(database) as connection:
        World(connection).put_clock_ahead(**by)


def submit_with_fault(shop, fault, *more, numbers=(1, 2)):
    """Submit to some people, the first of whom is struck by a fault; the campaign and that person's message."""
    shop.platform.add_fault(fault, account=shop.page, user_id=user_id(numbers[0]))
    file = shop.csv("list.csv", [GOOD[number] for number in numbers])
    campaign = shop.command.json("submit", *shop.words(file), *more, "--yes")
    shop.platform.clear_faults()
    return campaign["campaign_id"], shop.command.json("messages", campaign["campaign_id"])[0]


def test_an_unknown_message_is_decided_absent_by_typed_consent_and_sent_again(shop):
    campaign_id, message = submit_with_fault(shop, "dropped")
    decide = ("messages", "decide", message["message_id"], "absent", "--because", "not in the inbox")

    unasked = shop.command(*decide)
    decided = shop.command.json(*decide, "--yes", "--by", "Ada")
    run = shop.command.json("campaigns", "run", campaign_id)
    again = shop.command.json(*decide, "--yes", code=2)

    assert message["state"] == "unknown"
    assert unasked.code == 2
    assert "may send a second copy" in unasked.err
    assert (decided["before"], decided["state"], decided["campaign_state"]) == ("unknown", "ready", "sending")
    assert (run["state"], run["by_state"]["sent"]) == ("finished", 2)
    assert "is sent, not unknown" in again["error"]["text"]
    assert len(shop.accepted()) == 2


def test_an_unknown_message_is_decided_sent_with_who_and_why(shop):
    campaign_id, message = submit_with_fault(shop, "sent_but_dropped")

    said = shop.command("messages", "decide", message["message_id"], "sent", "--because", "the person answered it")
    shown = shop.command.json("campaigns", "show", campaign_id)

    assert (said.code, said.out.strip()) == (
        0,
        f"Message {message['message_id']} was unknown and is sent; the decision is kept.",
    )
    assert shown["by_state"]["sent"] == 2
    assert shown["state"] == "finished"


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("decide", "4711", "sent", "--because", "x"), "no message 4711"),
        (("decide", "4711", "maybe", "--because", "x"), "maybe"),
        (("decide", "4711", "sent"), "--because"),
        (("resolve", "nonsense"), "no campaign nonsense"),
    ],
)
def test_a_decision_about_nothing_is_refused_in_words(shop, words, part):
    result = shop.command("messages", *words)

    assert result.code == 2
    assert part in result.err


def test_resolve_finds_what_was_sent_and_says_what_is_left(shop, database_18):
    campaign_id, message = submit_with_fault(shop, "sent_but_dropped")
    early = shop.command("messages", "resolve")
    put_clock_ahead(database_18, minutes=3)

    (report,) = shop.command.json("messages", "resolve", campaign_id)
    (found,) = shop.command.json("messages", "--state", "sent", campaign_id)[:1]
    after = shop.command("messages", "resolve")
    put_clock_ahead(database_18)

    assert "Shop: looked up 0" in early.out
    assert "The next look-up is due in" in early.out
    assert (report["account"], report["looked_up"], report["found"], report["unknown"]) == ("Shop", 1, 1, 0)
    assert found["provider_message_id"].startswith("m_")
    assert message["state"] == "unknown"
    assert after.out == "Nothing is unknown that a look-up could still prove.\n"


def test_a_run_looks_up_what_is_unknown_when_its_grace_is_over(shop, database_18):
    campaign_id, _ = submit_with_fault(shop, "sent_but_dropped")
    put_clock_ahead(database_18, minutes=3)

    run = shop.command.json("campaigns", "run", campaign_id)
    put_clock_ahead(database_18)

    assert run["by_state"]["sent"] == 2


def test_resend_unknown_is_asked_for_at_the_submit_and_off_otherwise(shop):
    asked_for, _ = submit_with_fault(shop, "dropped", "--resend-unknown")
    otherwise, _ = submit_with_fault(shop, "dropped", numbers=(3, 4))

    shown = [shop.command.json("campaigns", "show", one)["resends_unknown"] for one in (asked_for, otherwise)]

    assert shown == [True, False]


def test_failed_messages_are_retried_by_reason_and_sent(shop):
    campaign_id, message = submit_with_fault(shop, "person_unavailable")
    shop.people_write([1], hours_ago=0)  # which ends the cool-off
    retry = ("campaigns", "retry-failed", campaign_id, "--reason")

    unasked = shop.command(*retry, "person_unavailable")
    other = shop.command.json(*retry, "person_unknown")
    done = shop.command.json(*retry, "person_unavailable", "--because", "they came back", "--yes")
    run = shop.command.json("campaigns", "run", campaign_id)
    wrong = shop.command(*retry, "missing_value", "--yes")

    assert (message["state"], message["reason"]) == ("failed", "person_unavailable")
    assert unasked.code == 2
    assert "--yes" in unasked.err
    assert (other["failed"], other["ready"]) == (0, 0)
    assert (done["failed"], done["ready"], done["staying"]) == (1, 1, {})
    assert run["by_state"]["sent"] == 2
    assert wrong.code == 2
    assert "person_unavailable" in wrong.err


def test_a_retry_that_reaches_nobody_ends_with_4_and_says_why(shop):
    campaign_id, _ = submit_with_fault(shop, "person_blocked")
    shop.command.json("suppressions", "add", "Shop", "--user", user_id(1))

    result = shop.command("campaigns", "retry-failed", campaign_id, "--reason", "person_unavailable", "--yes")

    assert result.code == 4
    assert "Failed as person_unavailable: 1. Of these people can be reached now: 0." in result.out
    assert "Stay failed: 1. This person asked for no more messages." in result.out


@pytest.mark.parametrize(
    ("words", "code", "part"),
    [
        (
            ["submit", "--account", "Nobody", "--template", "sale", "--language", "en", "--file", "x.csv"],
            2,
            "no account named Nobody",
        ),
        (
            ["submit", "--account", "Shop", "--template", "gone", "--language", "en", "--file", "x.csv"],
            2,
            "no template gone",
        ),
        (
            ["submit", "--account", "Shop", "--template", "sale", "--language", "xx", "--file", "x.csv"],
            2,
            "no template sale in xx",
        ),
        (["submit", "--account", "Shop", "--template", "sale", "--language", "en", "--file", "gone.csv"], 2, "no file"),
        (["submit", "--account", "Shop", "--template", "sale", "--language", "en"], 2, "--file"),
        (
            [
                "submit",
                "--account",
                "Shop",
                "--template",
                "plain",
                "--language",
                "en",
                "--to",
                "25000000000000001",
                "--at",
                "2020-01-01T00:00Z",
                "--wait",
            ],
            2,
            "in the past",
        ),
        (
            [
                "submit",
                "--account",
                "Shop",
                "--template",
                "plain",
                "--language",
                "en",
                "--to",
                "25000000000000001",
                "--at",
                "2099-03-29T02:30",
                "--time-zone",
                "Europe/Berlin",
                "--wait",
            ],
            2,
            "does not exist",
        ),
        (
            [
                "submit",
                "--account",
                "Shop",
                "--template",
                "plain",
                "--language",
                "en",
                "--to",
                "25000000000000001",
                "--at",
                "2099-10-25T02:30",
                "--time-zone",
                "Europe/Berlin",
                "--wait",
            ],
            2,
            "exists twice",
        ),
        (
            [
                "submit",
                "--account",
                "Shop",
                "--template",
                "plain",
                "--language",
                "en",
                "--to",
                "25000000000000001",
                "--at",
                "2099-01-01T10:00",
                "--wait",
            ],
            2,
            "--time-zone",
        ),
        (
            [
                "submit",
                "--account",
                "Shop",
                "--template",
                "plain",
                "--language",
                "en",
                "--to",
                "25000000000000001",
                "--at",
                "2099-01-01T10:00+00:00",
            ],
            2,
            "PREFECT_API_URL",
        ),
        (["campaigns", "show", "nonsense"], 2, "no campaign nonsense"),
        (["campaigns", "run", "01a205ec-432b-750a-a182-9ece394b65dc"], 2, "no campaign"),
        (["messages", "01a205ec-432b-750a-a182-9ece394b65dc"], 2, "no campaign"),
        (["templates", "add", "gone.yaml"], 2, "cannot be read"),
        (["interactions", "import", "gone.csv"], 2, "no file"),
        (
            ["accounts", "add", "Shop", "--channel", "messenger", "--external-id", "1", "--credential", "X"],
            2,
            "already",
        ),
        (
            [
                "accounts",
                "add",
                "S2",
                "--channel",
                "messenger",
                "--external-id",
                "12",
                "--credential",
                "X",
                "--pace",
                "fast",
            ],
            2,
            "no pace",
        ),
        (
            ["check", "--account", "Shop", "--template", "sale", "--language", "en", "--file", "picture.xlsx"],
            3,
            "picture",
        ),
        (
            ["check", "--account", "Shop", "--template", "sale", "--language", "en", "--file", "header.csv"],
            3,
            "first_name",
        ),
        (["nonsense"], 2, "nonsense"),
    ],
    ids=lambda value: " ".join(value)[:60] if isinstance(value, list) else None,
)
def test_wrong_words_and_bad_input_get_one_sentence_and_a_documented_code(shop, words, code, part):
    folder = shop.command.folder
    (folder / "picture.xlsx").write_bytes(b"\x89PNG\r\n\x1a\n" + b"0" * 100)
    (folder / "header.csv").write_text("user_id,firstname\n25000000000000001,Ada\n", encoding="utf-8")
    more = ["--yes"] if words[0] == "submit" else []

    for_people = shop.command(*words, *more)
    for_machines = shop.command(*words, *more, "--json")

    assert (for_people.code, for_machines.code) == (code, code)
    assert "Traceback" not in for_people.err
    assert part in for_people.err + for_people.out
    told = for_machines.json
    assert part in json.dumps(told)
    assert set(told["error"]) == {"code", "text"}


def test_the_validation_report_of_a_submit_is_a_page_and_its_run_names_it(shop):
    (shop.command.folder / "rules.yaml").write_text(
        "code: ruled\nlanguage: en\nchannel: messenger\nname: Ruled\n"
        'content: {kind: text, text: "Hello $(first_name)!"}\nrules: {first_name: {one_of: [Ada, Ben]}}\n',
        encoding="utf-8",
    )
    shop.command.json("templates", "add", "rules.yaml")
    file = shop.csv("list.csv", [(user_id(1), "Ada"), (user_id(2), "Adda")])

    refused = shop.command.json("submit", *shop.words(file, "--yes", template="ruled"), code=3)
    told = shop.command.json("campaigns", "validation", refused["campaign_id"], "--out", "report.html")
    misnamed = shop.command("campaigns", "validation", refused["campaign_id"], "--out", "report.xlsx")

    assert told == {"file": "report.html", "verdict": "Refused", "problems": 1}
    page = (shop.command.folder / "report.html").read_text(encoding="utf-8")
    assert "checked twice, by Great Expectations and by SQL" in page
    assert "did you mean “Ada”? Allowed: Ada or Ben." in page
    wanted = {"artifacts": {"key": {"any_": [f"validation-{refused['campaign_id']}"]}}}
    (artifact,) = httpx.post(f"{os.environ['PREFECT_API_URL']}/artifacts/filter", json=wanted, trust_env=False).json()
    assert f"`windowcast campaigns validation {refused['campaign_id']} --out page.html`" in artifact["data"]
    assert (misnamed.code, shop.accepted()) == (2, [])
    assert ".html" in misnamed.err


def test_of_a_file_that_cannot_be_used_no_forecast_is_shown(shop):
    (shop.command.folder / "header.csv").write_text("user_id,firstname\n25000000000000001,Ada\n", encoding="utf-8")

    unusable = shop.command("check", *shop.words("header.csv"))
    usable = shop.command("check", *shop.words(shop.csv("list.csv", GOOD)))

    assert "Eligible" not in unusable.out
    assert "Eligible now: 10" in usable.out


def test_without_a_terminal_submit_needs_yes(shop):
    file = shop.csv("list.csv", GOOD)

    result = shop.command("submit", *shop.words(file))

    assert result.code == 2
    assert "--yes" in result.err
    assert shop.accepted() == []


def test_postgres_that_is_away_ends_with_5_and_hides_the_password(command, monkeypatch):
    from clients.settings import settings

    monkeypatch.setenv("WINDOWCAST_DATABASE_URL", "postgresql://me:s3cret-password@127.0.0.1:1/db")
    settings.cache_clear()

    result = command("campaigns", "list")

    assert result.code == 5
    assert "Postgres does not answer" in result.err
    assert "s3cret-password" not in result.out + result.err


def test_an_account_is_checked_against_the_platform(shop, monkeypatch):
    working = shop.command("accounts", "check", "Shop")
    monkeypatch.setenv("PAGE_TOKEN", "wrong")
    refused = shop.command("accounts", "check", "Shop")
    monkeypatch.delenv("PAGE_TOKEN")
    missing = shop.command("accounts", "check", "Shop")

    assert working.code == 0
    assert "works" in working.out
    assert refused.code == 2
    assert "190" in refused.err
    assert missing.code == 2
    assert "PAGE_TOKEN" in missing.err


def test_previews_and_lists_of_templates(shop):
    preview = shop.command.json("templates", "preview", "sale", "--language", "en", "--value", "first_name=$(x)")
    missing = shop.command("templates", "preview", "sale", "--language", "en")
    listed = shop.command.json("templates", "list", "--channel", "messenger")

    assert preview["text"] == "Hello $(x)!"
    assert missing.code == 3
    assert "first_name" in missing.err
    assert [template["code"] for template in listed] == ["plain", "sale"]


def test_a_file_is_fetched_from_its_address_and_its_query_is_seen_nowhere(shop):
    store = fsspec.filesystem("memory")
    store.pipe("/lists/may.csv?signature=CANARY-signature", Path(shop.csv("may.csv", GOOD[:2])).read_bytes())
    address = "memory://lists/may.csv?signature=CANARY-signature"

    checked = shop.command("check", *shop.words(address), "--json")
    submitted = shop.command("submit", *shop.words(address), "--yes", "--json")
    missing = shop.command("check", *shop.words("memory://lists/june.csv?CANARY"), "--json")

    assert (checked.code, submitted.code, missing.code) == (0, 0, 2)
    assert submitted.json["file"] == "memory://lists/may.csv"
    assert submitted.json["remarks"] == checked.json["remarks"] == ["The columns are separated by commas."]
    assert "CANARY" not in "".join(result.out + result.err for result in (checked, submitted, missing))
    assert len(shop.accepted()) == 2


def test_the_same_file_is_warned_of_with_the_earlier_campaign(shop):
    file = shop.csv("list.csv", GOOD[:2])

    first = shop.command.json("submit", *shop.words(file), "--name", "First", "--yes")
    checked = shop.command("check", *shop.words(file), "--again", "--json")
    second = shop.command("submit", *shop.words(file), "--again", "--yes")
    third = shop.command.json("submit", *shop.words(file), "--again", "--name", "Third", "--yes")

    assert first["same_file"] is None
    assert checked.json["same_file"] == {
        "campaign_id": first["campaign_id"],
        "name": "First",
        "created_at": first["created_at"],
    }
    assert "this very file was submitted for this account and template before" in checked.err
    assert f"as First ({first['campaign_id']})" in second.err
    assert third["same_file"]["name"] != "First"


def test_the_encoding_of_windows_is_read_when_it_is_asked_for(shop):
    path = Path(shop.csv("list.csv", [(user_id(1), "Zoë")]))
    path.write_bytes(path.read_text("utf-8").encode("cp1252"))

    unasked = shop.command.json("check", *shop.words(str(path)), code=3)
    asked = shop.command("check", *shop.words(str(path)), "--encoding", "cp1252")

    assert "--encoding cp1252" in unasked["problems"][0]["text"]
    assert asked.code == 0
    assert "Note: The text was read as cp1252 (Windows)." in asked.err
