"""`check` and `submit` as their users meet them: from a list to what was sent, and pause, resume, cancel."""

import datetime as dt
from pathlib import Path

import fsspec

from domain.states import MessageState
from factories import GOOD_ROWS, user_id


def test_check_prints_the_exact_plan_and_keeps_nothing(shop):
    file = shop.csv("list.csv", [*GOOD_ROWS, (user_id(50), "Never wrote")])

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


def test_a_refused_file_is_kept_as_a_campaign_and_sends_nothing(shop):
    file = shop.csv("list.csv", [*GOOD_ROWS, ("12", "Bad")])

    refused = shop.command.json("submit", *shop.words(file), "--yes", code=3)

    assert refused["state"] == "refused"
    assert refused["by_state"]["cancelled"] == 10
    assert refused["by_reason"] == {"file_refused": 10, "bad_user_id": 1}
    assert refused["error"]["code"] == "input_refused"
    assert refused["problems"][0]["row_number"] == 12
    assert shop.accepted() == []
    assert shop.command.json("campaigns", "show", refused["campaign_id"])["state"] == "refused"


def test_accept_valid_sends_the_good_rows_and_still_ends_with_3(shop):
    file = shop.csv("list.csv", [*GOOD_ROWS, ("12", "Bad")])

    campaign = shop.command.json("submit", *shop.words(file), "--accept-valid", "--yes", code=3)

    assert campaign["state"] == "finished"
    assert (campaign["by_state"]["sent"], campaign["by_state"]["invalid"]) == (10, 1)
    assert len(shop.accepted()) == 10


def test_the_same_list_twice_is_refused_naming_the_earlier_unless_again(shop):
    file = shop.csv("list.csv", GOOD_ROWS[:2])

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
    file = shop.csv("list.csv", GOOD_ROWS)

    campaign = shop.command.json("submit", *shop.words(file, "--at", at), "--wait", "--yes", code=4)

    assert "closes at" in campaign["error"]["text"]
    assert campaign["state"] == "refused"
    assert shop.accepted() == []


def test_a_timed_campaign_waits_for_its_time_and_judges_windows_then(shop):
    at = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=20)
    file = shop.csv("list.csv", GOOD_ROWS[:3])

    campaign = shop.command.json("submit", *shop.words(file, "--at", at.isoformat()), "--wait", "--yes")

    assert campaign["state"] == "finished"
    assert campaign["by_state"]["sent"] == 3
    assert min(message.platform_ms for message in shop.accepted()) >= at.timestamp() * 1000


def test_opted_out_people_get_nothing(shop):
    shop.command.json("suppressions", "add", "Shop", "--user", user_id(1))
    file = shop.csv("list.csv", GOOD_ROWS[:3])

    campaign = shop.command.json("submit", *shop.words(file), "--yes")

    assert campaign["by_reason"] == {"opted_out": 1}
    assert user_id(1) not in {message.recipient_id for message in shop.accepted()}


def test_a_campaign_is_paused_resumed_and_cancelled_from_here(shop):
    file = shop.csv("list.csv", GOOD_ROWS)
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


def test_the_validation_report_of_a_submit_is_a_page(shop):
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
    assert (misnamed.code, shop.accepted()) == (2, [])
    assert ".html" in misnamed.err


def test_of_a_file_that_cannot_be_used_no_forecast_is_shown(shop):
    (shop.command.folder / "header.csv").write_text("user_id,firstname\n25000000000000001,Ada\n", encoding="utf-8")

    unusable = shop.command("check", *shop.words("header.csv"))
    usable = shop.command("check", *shop.words(shop.csv("list.csv", GOOD_ROWS)))

    assert "Eligible" not in unusable.out
    assert "Eligible now: 10" in usable.out


def test_a_file_is_fetched_from_its_address_and_its_query_is_seen_nowhere(shop):
    store = fsspec.filesystem("memory")
    store.pipe("/lists/may.csv?signature=CANARY-signature", Path(shop.csv("may.csv", GOOD_ROWS[:2])).read_bytes())
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
    file = shop.csv("list.csv", GOOD_ROWS[:2])

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
