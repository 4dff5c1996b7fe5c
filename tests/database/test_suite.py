"""The Great Expectations suite beside the SQL that finds the same problems: they agree, or the list goes no further."""

from contextlib import suppress

import pytest

from domain.errors import InputRefusedError
from domain.template import Channel
from factories import user_id, write_table
from tasks.intake import check_list, take_list
from tasks.submission import find_row_problems, find_target, list_problems, make_messages, stage_list
from tasks.suite import check_suite
from validations.recipients_suite import validate_staged_rows

GOOD = [(user_id(number), f"Name {number}", "Rome") for number in range(10, 14)]
TEXT = "Hello $(name), $(name) of $(City_2)!"
HEADER = ("user_id", "name", "City_2")

# Each kind of bad row, and the rule of the suite that must see it.
FILES = {
    "good rows": (GOOD, None),
    "an id stored as a number": ([*GOOD, (25_000_000_000_000_001, "Ann", "Rome")], "not_be_null"),
    "an id of a bad shape": ([*GOOD, ("12-ab", "Ann", "Rome"), ("1234", "Ben", "Rome")], "match_regex"),
    "a missing id": ([*GOOD, (None, "Ann", "Rome")], "not_be_null"),
    "a missing value": ([*GOOD, (user_id(1), None, "Rome"), (user_id(2), "Ben", None)], "not_be_null"),
    "a value stored as a long number": ([*GOOD, (user_id(1), 1234567890123456789, "Rome")], "not_be_null"),
    "an error for a value": ([*GOOD, (user_id(1), "=1/0", "Rome")], "not_be_null"),
    "a message that is too long": ([*GOOD, (user_id(1), "x" * 1000, "Rome")], "be_between"),
    "duplicates": ([*GOOD, *GOOD[:2]], "be_unique"),
    "conflicting duplicates": ([*GOOD, (user_id(10), "Other", "Rome")], "be_unique"),
    "a bad id that is there twice": ([*GOOD, ("12-ab", "Ann", "Rome"), ("12-ab", "Ann", "Rome")], "be_unique"),
    "everything on one row": ([*GOOD, ("12-ab", "x" * 2000, None), ("12-ab", None, "x" * 2000)], "be_between"),
}


def stage(world, tmp_path, rows, *, template=None, header=HEADER):
    account = world.account(channel=template.channel if template else Channel.MESSENGER)
    template = template or world.template(tmp_path, text=TEXT)
    folder = tmp_path / f"reading-{template.template_id}"
    folder.mkdir()
    path = write_table(tmp_path / f"list-{template.template_id}.xlsx", [header, *rows])
    submission = world.submission(account, template, file=path)
    target = find_target(world.connection, submission)
    campaign_id, given = take_list(world.connection, submission, target=target, folder=folder)
    return campaign_id, target, given


def staged(world, tmp_path, rows, **fields):
    campaign_id, target, given = stage(world, tmp_path, rows, **fields)
    assert stage_list(world.connection, campaign_id, target=target, given=given)
    find_row_problems(world.connection, campaign_id, template=target.template)
    return campaign_id, target.template


def test_suite_and_sql_agree_on_every_kind_of_row(world_18, database_18, tmp_path):
    seen = {}

    for kind, (rows, _) in FILES.items():
        campaign_id, template = staged(world_18, tmp_path, rows)
        results = check_suite(world_18.connection, campaign_id, url=database_18, template=template)
        broken = {result.rule for result in results if result.broken_count}
        assert bool(broken) == bool(list_problems(world_18.connection, campaign_id)), kind
        seen[kind] = broken

    unseen = [kind for kind, (_, rule) in FILES.items() if rule and not any(one.endswith(rule) for one in seen[kind])]
    assert (unseen, seen["good rows"]) == ([], set())


@pytest.mark.parametrize(
    ("text", "header", "rows"),
    [
        pytest.param(
            "$(name) $(Name)",
            ("user_id", "name", "Name"),
            [(user_id(1), "a", "A"), (user_id(2), "b", None)],
            id="names that differ in case",
        ),
        pytest.param(
            f"$({'n' * 90})",
            ("user_id", "n" * 90),
            [(user_id(1), "a"), (user_id(2), None)],
            id="a name longer than Postgres' own",
        ),
        pytest.param(
            "$(select) $(row_number)", ("user_id", "select", "row_number"), [(user_id(1), "a", "b")], id="words of SQL"
        ),
        pytest.param(
            "100%% of '$(name)': 5% \\",
            HEADER[:2],
            [(user_id(1), "%s"), (user_id(2), "x" * 2000)],
            id="per cent and quotes",
        ),
        pytest.param("Hello!", ("user_id",), [(user_id(1),), ("12-ab",)], id="no variable"),
    ],
)
def test_suite_and_sql_agree_for_odd_templates(world_18, database_18, tmp_path, text, header, rows):
    template = world_18.template(tmp_path, text=text)

    campaign_id, template = staged(world_18, tmp_path, rows, template=template, header=header)

    assert check_suite(world_18.connection, campaign_id, url=database_18, template=template)


def test_suite_and_sql_measure_instagram_in_bytes(world_18, database_18, tmp_path):
    template = world_18.template(tmp_path, text=TEXT, channel=Channel.INSTAGRAM)
    rows = [*GOOD, (user_id(1), "🎉" * 124, "Rome"), (user_id(2), "🎉" * 121, "")]

    campaign_id, template = staged(world_18, tmp_path, rows, template=template)

    results = check_suite(world_18.connection, campaign_id, url=database_18, template=template)
    (length,) = (result for result in results if result.rule.endswith("be_between"))
    assert length.broken_count == 1


# What goes wrong between the two checks: a staged row or a problem changed by hand.
BROKEN = {
    "a problem is lost": "DELETE FROM problem WHERE finding = 'id_bad_shape'",
    "a problem too many": "INSERT INTO problem (campaign_id, row_number, column_name, finding) "
    "SELECT campaign_id, 2, 'name', 'value_missing' FROM campaign",
    "a long message that nobody names": "DELETE FROM problem WHERE finding = 'message_too_long'",
    "a value that is gone": "UPDATE staged_row SET cells[1] = NULL WHERE row_number = 2",
    "an id that is gone": "UPDATE staged_row SET user_id = NULL WHERE row_number = 2",
    "an id that is spoilt": "UPDATE staged_row SET user_id = 'x' WHERE row_number = 2",
    "a row that is gone": "DELETE FROM staged_row WHERE user_id = '12-ab'",
}


def test_when_suite_and_sql_disagree_nothing_is_made_of_the_list(world_18, database_18, tmp_path):
    rows = [*GOOD, ("12-ab", "Ann", "Rome"), (user_id(1), "x" * 2000, "Rome")]
    campaign_id, target, given = stage(world_18, tmp_path, rows)
    undetected = []

    for word, deed in BROKEN.items():
        assert stage_list(world_18.connection, campaign_id, target=target, given=given)
        find_row_problems(world_18.connection, campaign_id, template=target.template)
        world_18.connection.execute(deed)
        with suppress(InputRefusedError):
            check_suite(world_18.connection, campaign_id, url=database_18, template=target.template)
            undetected.append(word)

    assert undetected == []
    assert (world_18.state(campaign_id), world_18.row_counts()["message_list"]) == ("draft", 0)


def test_a_submit_with_the_suite_makes_the_same_messages_as_one_without(world_18, database_18, tmp_path):
    rows = [row for kind, (rows, _) in FILES.items() for row in rows[len(GOOD) :]]
    made = []

    for url in (None, database_18):
        campaign_id, target, given = stage(world_18, tmp_path, [*GOOD, *rows])
        can_judge = check_list(world_18.connection, campaign_id, target=target, given=given, suite_url=url)
        make_messages(world_18.connection, campaign_id, target=target, given=given, can_judge=can_judge)
        made.append(world_18.verdicts(campaign_id))

    assert made[0] == made[1]
    assert len(made[0]) == len(GOOD) + len(rows)


def test_a_file_with_a_refused_header_is_not_shown_to_the_suite(world_18, tmp_path):
    campaign_id, target, given = stage(world_18, tmp_path, [row[:2] for row in GOOD], header=HEADER[:2])

    # There is no such server: a suite that ran would fail.
    url = "postgresql://nobody@127.0.0.1:1/none"

    assert not check_list(world_18.connection, campaign_id, target=target, given=given, suite_url=url)


def test_the_suite_sees_the_rows_of_its_own_campaign_only(world_18, database_18, tmp_path):
    bad, template = staged(world_18, tmp_path, [("12-ab", "Ann", "Rome")])
    good, _ = staged(world_18, tmp_path, GOOD)

    results = {one: validate_staged_rows(database_18, one, template=template) for one in (bad, good)}

    assert [sum(result.broken_count for result in results[one]) for one in (bad, good)] == [1, 0]
