"""The command line's contract: help, exit codes, and one sentence for wrong words and bad input."""

import json

import pytest

from factories import GOOD_ROWS


def test_help_names_every_command_and_every_exit_code(command):
    result = command("--help")

    assert result.code == 0
    for word in ("submit", "check", "campaigns", "messages", "doctor", "demo", "4 nobody is eligible"):
        assert word in result.out


TO_ONE = "submit --account Shop --template plain --language en --to 25000000000000001"
# What somebody types: the exit code, and a part of the sentence that says why.
REFUSED = {
    "submit --account Nobody --template sale --language en --file x.csv": (2, "no account named Nobody"),
    "submit --account Shop --template gone --language en --file x.csv": (2, "no template gone"),
    "submit --account Shop --template sale --language xx --file x.csv": (2, "no template sale in xx"),
    "submit --account Shop --template sale --language en --file gone.csv": (2, "no file"),
    "submit --account Shop --template sale --language en": (2, "--file"),
    f"{TO_ONE} --at 2020-01-01T00:00Z --wait": (2, "in the past"),
    f"{TO_ONE} --at 2099-03-29T02:30 --time-zone Europe/Berlin --wait": (2, "does not exist"),
    f"{TO_ONE} --at 2099-10-25T02:30 --time-zone Europe/Berlin --wait": (2, "exists twice"),
    f"{TO_ONE} --at 2099-01-01T10:00 --wait": (2, "--time-zone"),
    f"{TO_ONE} --at 2099-01-01T10:00+00:00": (2, "PREFECT_API_URL"),
    "campaigns show nonsense": (2, "no campaign nonsense"),
    "campaigns run 01a205ec-432b-750a-a182-9ece394b65dc": (2, "no campaign"),
    "messages 01a205ec-432b-750a-a182-9ece394b65dc": (2, "no campaign"),
    "templates add gone.yaml": (2, "cannot be read"),
    "interactions import gone.csv": (2, "no file"),
    "accounts add Shop --channel messenger --external-id 1 --credential X": (2, "already"),
    "accounts add S2 --channel messenger --external-id 12 --credential X --pace fast": (2, "no pace"),
    "check --account Shop --template sale --language en --file picture.xlsx": (3, "picture"),
    "check --account Shop --template sale --language en --file header.csv": (3, "first_name"),
    "nonsense": (2, "nonsense"),
}


@pytest.mark.parametrize("typed", REFUSED)
def test_wrong_words_and_bad_input_get_one_sentence_and_a_documented_code(shop, typed):
    words, (code, part) = typed.split(), REFUSED[typed]
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


def test_without_a_terminal_submit_needs_yes(shop):
    file = shop.csv("list.csv", GOOD_ROWS)

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
