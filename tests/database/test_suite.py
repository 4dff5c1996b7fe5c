"""The Great Expectations suite beside the SQL that finds the same problems: they agree, or the list goes no further."""

from contextlib import suppress

import pytest

from domain.errors import InputRefusedError
from domain.problem import FINDINGS, ProblemCode
from domain.reasons import Reason
from domain.recipient_rules import FINDINGS_OF, RuleKind, rules_of, suite_name
from domain.template import Channel
from factories import user_id, write_table
from tasks.intake import check_list, take_list
from tasks.judging import make_messages
from tasks.staging import find_row_problems, list_problems, stage_list
from tasks.submission import find_target
from tasks.suite import running_suite, save_results
from validations.recipients_suite import validate_staged_rows

GOOD = [(user_id(number), f"Name {number}", "Rome", "ABCD1234", "2026-02-28", "a note") for number in range(10, 14)]
TEXT = "Hello $(name), $(name) of $(City_2)! Code $(coupon), until $(until). $(note)"
HEADER = ("user_id", "name", "City_2", "coupon", "until", "note")
RULES = {
    "City_2": {"one_of": ["Rome", "Zu\u0308rich", "Caf\u00e9 100% 'Eins'"]},
    "coupon": {"pattern": "^[A-Z0-9%:]{8}$"},
    "until": {"date_from": "2026-02-01", "date_to": "2028-02-29"},
    "note": {"longest": 20},
}


def row(number=1, **values):
    """A good row but for the values that are given."""
    columns = dict(zip(HEADER, (user_id(number), *GOOD[0][1:]), strict=True))
    return tuple({**columns, **values}.values())


# Each kind of bad row: what the SQL finds in it, and the rules that the suite sees broken.
FILES = {
    "good rows": (GOOD, [], []),
    "an id stored as a number": ([row(user_id=25_000_000_000_000_001)], ["id_stored_as_number"], ["id_present"]),
    "ids of a bad shape": ([row(user_id="12-ab"), row(user_id="1234")], ["id_bad_shape"] * 2, ["id_shape"]),
    "a missing id": ([row(user_id=None)], ["id_missing"], ["id_present"]),
    "missing values": ([row(1, name=None), row(2, note=None)], ["value_missing"] * 2, ["value_present"]),
    "a long number": ([row(name=1234567890123456789)], ["value_stored_as_long_number"], ["value_present"]),
    "a formula without a value": ([row(name="=1/0")], ["cell_formula_without_value"], ["value_present"]),
    "an error for a value": ([row(name="#REF!")], ["cell_error"], ["value_present"]),
    "an error for an id": ([row(user_id="#REF!")], ["cell_error"], ["id_present"]),
    "a long message": ([row(name="x" * 1000)], ["message_too_long"], ["message_length"]),
    "duplicates": ([*GOOD, *GOOD[:2], GOOD[0]], ["duplicate"] * 3, ["person_once"]),
    "conflicting duplicates": ([row(1), row(1, name="Other")], ["conflicting_duplicate"] * 2, ["person_once"]),
    "a bad id that is there twice": ([row(user_id="12-ab")] * 2, ["id_bad_shape"] * 2, ["id_shape"]),
    "a value outside its set": (
        [
            row(1, City_2="rome"),
            row(2, City_2="Ro me"),
            row(3, City_2="Z\u00fcrich"),
            row(4, City_2="Cafe\u0301 100% 'Eins'"),
        ],
        ["value_not_in_set"] * 2,
        ["value_in_set"],
    ),
    "a value of a bad shape": (
        [row(1, coupon="abcd1234"), row(2, coupon="ABCD12345"), row(3, coupon="ABCD\n1234"), row(4, coupon="%:%:%:%:")],
        ["value_bad_shape"] * 3,
        ["value_shape"],
    ),
    "no dates": (
        [row(1, until="31.12.2026"), row(2, until="2026-02-29"), row(3, until="soon"), row(4, until="2026-3-1")],
        ["value_not_a_date"] * 4,
        ["value_is_date"],
    ),
    "dates out of range": (
        [
            row(1, until="2026-01-31"),
            row(2, until="2028-03-01"),
            row(3, until="2028-02-29"),
            row(4, until="2026-02-01"),
        ],
        ["value_date_out_of_range"] * 2,
        ["date_in_range"],
    ),
    "a long value": ([row(1, note="x" * 21), row(2, note="\U0001f389" * 20)], ["value_too_long"], ["value_length"]),
    "everything on one row": (
        [row(user_id="12-ab", name="x" * 2000, City_2=None, coupon="?", until="?", note="x" * 30)],
        ["id_bad_shape", "message_too_long", "value_bad_shape", "value_missing", "value_not_a_date", "value_too_long"],
        ["id_shape", "message_length", "value_is_date", "value_length", "value_present", "value_shape"],
    ),
}

# The reader writes these cells in a way that no library does; their rows are made by hand.
LOADED_BY_HAND = {"cell_control_character", "cell_too_long"}


def stage(world, tmp_path, rows, *, template=None, header=HEADER, name="list"):
    account = world.account(channel=template.channel if template else Channel.MESSENGER)
    template = template or world.template(tmp_path, text=TEXT, rules=RULES)
    folder = tmp_path / f"reading-{name}-{template.template_id}"
    folder.mkdir()
    path = write_table(tmp_path / f"{name}-{template.template_id}.xlsx", [header, *rows])
    submission = world.submission(account, template, file=path)
    target = find_target(world.connection, submission)
    campaign_id, given = take_list(world.connection, submission, target=target, folder=folder)
    return campaign_id, target, given


def staged(world, tmp_path, rows, **fields):
    campaign_id, target, given = stage(world, tmp_path, rows, **fields)
    assert stage_list(world.connection, campaign_id, target=target, given=given)
    find_row_problems(world.connection, campaign_id, template=target.template)
    return campaign_id, target.template


def check_suite(connection, campaign_id, *, url, template):
    with running_suite(url, campaign_id, template=template) as finish:
        results = finish()
    save_results(connection, campaign_id, results=results)
    return results


def test_suite_and_sql_agree_on_every_kind_of_row(world_18, database_18, tmp_path):
    template = world_18.template(tmp_path, text=TEXT, rules=RULES)
    seen = {}

    for number, (kind, (rows, *_)) in enumerate(FILES.items()):
        campaign_id, _ = staged(world_18, tmp_path, rows, template=template, name=f"kind-{number}")
        results = check_suite(world_18.connection, campaign_id, url=database_18, template=template)
        found = sorted(str(problem.finding) for problem in list_problems(world_18.connection, campaign_id))
        broken = sorted({str(result.rule.kind) for result in results if result.broken_count})
        seen[kind] = (found, broken)

    assert seen == {kind: (found, broken) for kind, (_, found, broken) in FILES.items()}


@pytest.mark.parametrize("finding", sorted(LOADED_BY_HAND))
def test_suite_and_sql_agree_on_cells_that_the_reader_left_out(world_18, database_18, tmp_path, finding):
    campaign_id, template = staged(world_18, tmp_path, GOOD)
    world_18.connection.execute("UPDATE staged_row SET cells[1] = NULL, user_id = NULL WHERE row_number = 3")
    for column in HEADER[:2]:
        world_18.connection.execute(
            "INSERT INTO problem (campaign_id, row_number, column_name, finding) VALUES (%s, 3, %s, %s)",
            [campaign_id, column, finding],
        )

    results = check_suite(world_18.connection, campaign_id, url=database_18, template=template)

    broken = [(result.rule.kind, result.rule.column) for result in results if result.broken_count]
    assert broken == [(RuleKind.ID_PRESENT, "user_id"), (RuleKind.VALUE_PRESENT, "name")]


def test_the_cases_cover_every_finding_about_rows_and_every_rule():
    of_rows = {
        finding for finding, (code, _) in FINDINGS.items() if code in set(Reason) and code is not ProblemCode.BAD_HEADER
    }

    assert {finding for findings in FINDINGS_OF.values() for finding in findings} == of_rows
    assert {finding for _, findings, _ in FILES.values() for finding in findings} | LOADED_BY_HAND == of_rows
    # That a list has the columns of its template is seen before there are rows to look at.
    assert {rule for _, _, rules in FILES.values() for rule in rules} == set(RuleKind) - {RuleKind.COLUMNS}


def test_the_suite_is_named_after_its_template_version_and_says_how_every_rule_fared(world_18, database_18, tmp_path):
    rows = [*GOOD, row(1, City_2="Paris"), row(2, until=None), row(3, until="2025-01-01")]
    campaign_id, template = staged(world_18, tmp_path, rows)

    results = check_suite(world_18.connection, campaign_id, url=database_18, template=template)

    assert suite_name(template) == f"{template.code} en version 1"
    assert [result.rule for result in results] == list(rules_of(template))
    fared = {(result.rule.kind, result.rule.column): (result.checked_count, result.broken_count) for result in results}
    assert fared[RuleKind.COLUMNS, None] == (7, 0)
    assert fared[RuleKind.VALUE_IN_SET, "City_2"] == (7, 1)
    assert fared[RuleKind.VALUE_PRESENT, "until"] == (7, 1)
    assert fared[RuleKind.VALUE_IS_DATE, "until"] == (6, 0)
    assert fared[RuleKind.DATE_IN_RANGE, "until"] == (6, 1)
    kept = world_18.connection.execute("SELECT * FROM validation_result WHERE campaign_id = %s", [campaign_id])
    assert {
        (one["rule"], one["column_name"] or None): (one["checked_count"], one["broken_count"]) for one in kept
    } == fared


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
            ("user_id", "name"),
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
    template = world_18.template(tmp_path, text="Hello $(name), $(name) of $(City_2)!", channel=Channel.INSTAGRAM)
    rows = [(user_id(1), "🎉" * 124, "Rome"), (user_id(2), "🎉" * 121, "")]

    campaign_id, template = staged(world_18, tmp_path, rows, template=template, header=HEADER[:3])

    results = check_suite(world_18.connection, campaign_id, url=database_18, template=template)
    (length,) = (result for result in results if result.rule.kind is RuleKind.MESSAGE_LENGTH)
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
    "a person who is there twice unseen": "UPDATE staged_row SET user_id = '25000000000000003' WHERE row_number < 4",
    "a value that left its set": "UPDATE staged_row SET cells[2] = 'Paris' WHERE row_number = 2",
    "a value that lost its shape": "UPDATE staged_row SET cells[3] = 'x' WHERE row_number = 2",
    "a date that is none any more": "UPDATE staged_row SET cells[4] = '2026-02-30' WHERE row_number = 2",
    "a date that left its range": "UPDATE staged_row SET cells[4] = '2031-01-01' WHERE row_number = 2",
    "a value that grew": "UPDATE staged_row SET cells[5] = repeat('x', 21) WHERE row_number = 2",
    "a finding that no rule makes": "INSERT INTO problem (campaign_id, row_number, column_name, finding) "
    "SELECT campaign_id, 2, 'name', 'value_too_long' FROM campaign",
}


def test_when_suite_and_sql_disagree_nothing_is_made_of_the_list(world_18, database_18, tmp_path):
    rows = [*GOOD, row(user_id="12-ab"), row(1, name="x" * 2000)]
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
    rows = [one for rows, *_ in FILES.values() for one in rows]
    made = []

    for url in (None, database_18):
        campaign_id, target, given = stage(world_18, tmp_path, rows)
        can_judge = check_list(world_18.connection, campaign_id, target=target, given=given)
        make_messages(world_18.connection, campaign_id, target=target, given=given, can_judge=can_judge, suite_url=url)
        made.append(world_18.verdicts(campaign_id))

    assert made[0] == made[1]
    assert len(made[0]) == len(rows)


def test_a_file_with_a_refused_header_is_not_shown_to_the_suite(world_18, tmp_path):
    campaign_id, target, given = stage(world_18, tmp_path, [row[:2] for row in GOOD], header=HEADER[:2])

    # There is no such server: a suite that ran would fail.
    url = "postgresql://nobody@127.0.0.1:1/none"

    can_judge = check_list(world_18.connection, campaign_id, target=target, given=given)
    state = make_messages(
        world_18.connection, campaign_id, target=target, given=given, can_judge=can_judge, suite_url=url
    )

    assert (can_judge, state) == (False, "refused")


def test_the_suite_sees_the_rows_of_its_own_campaign_only(world_18, database_18, tmp_path):
    bad, template = staged(world_18, tmp_path, [row(user_id="12-ab")])
    good, _ = staged(world_18, tmp_path, GOOD)

    results = {one: validate_staged_rows(database_18, one, template=template) for one in (bad, good)}

    assert [sum(result.broken_count for result in results[one]) for one in (bad, good)] == [1, 0]
