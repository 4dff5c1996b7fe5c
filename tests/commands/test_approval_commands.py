"""What the command line says of a large campaign: how it waits, who may let it go, and what then sends it."""

from factories import user_id

PEOPLE = [(user_id(number), "Ada") for number in range(5)]


def large(shop, monkeypatch, *more: str):
    from clients.settings import settings

    monkeypatch.setenv("WINDOWCAST_APPROVAL_ABOVE", "3")
    settings.cache_clear()
    return shop.words(shop.csv("list.csv", PEOPLE), *more)


def test_a_large_campaign_ends_the_submit_with_6_and_is_sent_after_another_person_approves(shop, monkeypatch):
    words = large(shop, monkeypatch, "--by", "Ada")

    planned = shop.command("check", *words)
    waits = shop.command.json("submit", *words, "--yes", code=6)
    campaign_id, plan = waits["campaign_id"], waits["approval"]["plan_hash"][:12]
    too_early = shop.command("campaigns", "run", campaign_id)
    unasked = shop.command("campaigns", "approve", campaign_id, "--by", "Bob")
    own = shop.command("campaigns", "approve", campaign_id, "--plan", plan, "--by", "Ada")
    shown = shop.command("campaigns", "show", campaign_id)
    approved = shop.command("campaigns", "approve", campaign_id, "--plan", plan, "--by", "Bob")
    twice = shop.command("campaigns", "approve", campaign_id, "--plan", plan, "--by", "Cid")
    done = shop.command.json("campaigns", "run", campaign_id)

    assert "without a second person, who is asked first." in planned.out
    assert waits["error"]["code"] == "unfinished"
    assert f"windowcast campaigns approve {campaign_id} --plan {plan} --by NAME" in waits["error"]["text"]
    assert (too_early.code, unasked.code, own.code, twice.code) == (6, 2, 2, 2)
    assert "waits for its approval" in too_early.err
    assert f"--plan ({plan} is the one of" in unasked.err
    assert "another person is to approve it" in own.err
    assert "Hello $(first_name)!" in shown.out
    assert approved.code == 0
    assert f"`windowcast campaigns run {campaign_id}` sends it." in approved.out
    assert "was approved by Bob" in twice.err
    assert done["by_state"]["sent"] == 5
    assert [(one["verdict"], one["by"]) for one in done["approval"]["said"]] == [("approved", "Bob")]


def test_a_rejected_campaign_is_cancelled_with_why(shop, monkeypatch):
    waits = shop.command.json("submit", *large(shop, monkeypatch), "--yes", code=6)

    said = shop.command.json(
        "campaigns", "reject", waits["campaign_id"], "--because", "the price is wrong", "--by", "Bob"
    )

    shown = shop.command("campaigns", "show", waits["campaign_id"])
    assert (said["verdict"], said["because"]) == ("rejected", "the price is wrong")
    assert "is cancelled" in shown.out
    assert "was rejected by Bob at" in shown.out
    assert shop.accepted() == []


def test_telling_people_needs_a_server_and_a_name_in_place_of_a_secret(shop, monkeypatch):
    monkeypatch.delenv("PREFECT_API_URL", raising=False)

    set_up = shop.command("notify", "set-up", "slack", "--address-in", "SLACK_ADDRESS")
    tried = shop.command("notify", "test")

    assert (set_up.code, tried.code) == (2, 2)
    assert "Blocks are kept by a Prefect server" in set_up.err
