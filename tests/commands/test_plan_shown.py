"""What the command line says of a plan: the sentences people read, the keys machines read, and when it asks first."""

import json
from datetime import UTC, datetime, timedelta

from factories import user_id

PEOPLE = [(user_id(number), f"Name {number}") for number in range(10)]


def set_hours(monkeypatch, **hours):
    from clients.settings import settings

    for name, value in hours.items():
        monkeypatch.setenv(f"WINDOWCAST_{name.upper()}_HOURS", str(value))
    settings.cache_clear()


def test_check_tells_machines_what_would_reach_more(shop):
    plan = shop.command.json("check", *shop.words(shop.csv("list.csv", PEOPLE)))

    assert plan["at_risk"] == 0
    assert plan["best_start"]["people"] == 10
    assert plan["latest_start"] > plan["at"]
    assert plan["daily_budget"] == {"engaged": 10, "most": 2000, "used": 0, "left": 2000}
    assert (plan["overlap"], plan["overlap_hours"], plan["lowest_pace"]) == (0, 24.0, None)
    assert plan["newest_interaction_at"] < plan["at"]
    assert [start["people"] for start in plan["starts"]] == [10] * 23 + [0]
    assert sum(plan["closings_per_hour"]) == 10


def test_check_tells_people_in_sentences_and_draws_nothing_without_a_terminal(shop):
    shown = shop.command("check", *shop.words(shop.csv("list.csv", PEOPLE)))

    assert "Eligible now: 10" in shown.out
    assert "Everybody gets a turn, if it starts before " in shown.out
    assert "Best start in the next 24 h: now." in shown.out
    assert "Daily budget: 0 used of 2,000 messages a day, 200 for each of the 10 people" in shown.out
    assert "█" not in shown.out


def test_people_who_have_just_got_a_campaign_are_counted_before_the_next_one(shop):
    shop.command.json("submit", *shop.words(shop.csv("first.csv", PEOPLE[:4])), "--yes")

    plan = shop.command.json("check", *shop.words(shop.csv("second.csv", PEOPLE)))
    shown = shop.command("check", *shop.words(shop.csv("second.csv", PEOPLE)))

    assert (plan["overlap"], plan["daily_budget"]["used"]) == (4, 4)
    assert "4 of these people have got a campaign message of this account in the 24 hours before." in shown.out


def test_the_plan_tells_whom_a_campaign_would_wait_for(shop):
    file = shop.csv("list.csv", [(user_id(number), "Ada") for number in (1, 70, 71)])
    until = (datetime.now(UTC) + timedelta(hours=5)).isoformat()

    waiting = shop.command("check", *shop.words(file, "--hold-until", until))
    told = shop.command.json("check", *shop.words(file, "--hold-until", until))
    not_waiting = shop.command.json("check", *shop.words(file))

    assert "Waited for: 2 people without an open window" in waiting.out
    assert (told["held"], not_waiting["held"]) == (2, 0)


def test_a_campaign_keeps_its_plan_and_tells_what_is_left(shop):
    submitted = shop.command.json("submit", *shop.words(shop.csv("list.csv", PEOPLE)), "--yes")

    shown = shop.command.json("campaigns", "show", submitted["campaign_id"])

    assert shown["plan"]["eligible_at_send"] == 10
    assert (shown["seconds_left"], shown["at_risk"], shown["lost_by_delay"]) == (None, None, None)


def test_a_campaign_that_stopped_half_way_tells_what_is_left_of_it(shop):
    shop.platform.add_fault("token_dead", account=shop.page)
    stopped = shop.command.json("submit", *shop.words(shop.csv("list.csv", PEOPLE)), "--yes", code=6)
    shop.platform.clear_faults()

    shown = shop.command("campaigns", "show", stopped["campaign_id"])

    assert stopped["at_risk"] == 0
    assert "Left: 10 to send, " in shown.out
    assert "nobody at risk" in shown.out


def test_old_interactions_are_told_of_and_refused_only_where_that_is_set(shop, monkeypatch):
    file = shop.csv("list.csv", PEOPLE)
    set_hours(monkeypatch, interactions_warn=0.5)
    warned = shop.command("check", *shop.words(file))
    set_hours(monkeypatch, interactions_warn=0.5, interactions_refuse=0.75)

    refused = shop.command.json("check", *shop.words(file), code=3)
    not_sent = shop.command("submit", *shop.words(file), "--yes", "--json")
    sent = shop.command.json("submit", *shop.words(file), "--yes", "--accept-old-interactions")

    assert warned.code == 0
    assert "The newest interaction of Shop is from " in warned.err
    assert refused["error"]["code"] == "old_interactions"
    assert refused["eligible_now"] == 10
    assert (not_sent.code, json.loads(not_sent.out)["error"]["code"]) == (3, "old_interactions")
    assert sent["by_state"]["sent"] == 10
    assert len(shop.accepted()) == 10
