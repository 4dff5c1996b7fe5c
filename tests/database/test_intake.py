"""From a list to judged messages: files and ids, bad rows, headers, lengths, and the states that come of them."""

from datetime import timedelta

import pytest

from database.lists import (
    BAD_LIST_PROBLEMS,
    BAD_LIST_VERDICTS,
    HEADER,
    bad_list,
    good_rows,
    make_file,
    make_submission,
    problems_of,
)
from domain.errors import (
    NotFoundError,
    UsageError,
)
from domain.template import Channel
from factories import user_id
from tasks.campaigns import get_campaign
from tasks.database import broken_promises
from tasks.intake import take_list
from tasks.messages import export_messages, list_messages
from tasks.staging import list_problems
from tasks.submission import check_times, find_target
from tasks.windows import read_clock

# "Hello !" has seven characters, which are seven bytes.
LITERAL = 7


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_a_good_file_becomes_ready_messages_with_the_values_of_its_rows(world_18, tmp_path, kind):
    submission = make_submission(
        world_18, tmp_path, [(user_id(1), "Änn 🎉"), (user_id(2), 'a "b", \\c\td')], name=f"l.{kind}"
    )

    campaign_id = world_18.take_in(submission, tmp_path)

    rows = world_18.connection.execute(
        "SELECT row_number, typed_user_id, user_id, cells, state FROM message_list ORDER BY row_number"
    ).fetchall()
    assert [tuple(row.values()) for row in rows] == [
        (2, user_id(1), user_id(1), ["Änn 🎉"], "ready"),
        (3, user_id(2), user_id(2), ['a "b", \\c\td'], "ready"),
    ]
    assert world_18.state(campaign_id) == "validated"
    assert problems_of(world_18, campaign_id) == []
    assert broken_promises(world_18.connection) == {}


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_a_file_with_bad_rows_names_them_all_in_one_pass_and_sends_nothing(world_18, tmp_path, kind):
    submission = make_submission(world_18, tmp_path, bad_list(kind), name=f"list.{kind}")

    campaign_id = world_18.take_in(submission, tmp_path)

    assert sorted(problems_of(world_18, campaign_id), key=lambda one: (one[0], str(one[1]))) == BAD_LIST_PROBLEMS
    good = {3: "cancelled/file_refused", 9: "cancelled/file_refused"}
    assert world_18.verdicts(campaign_id) == BAD_LIST_VERDICTS | good
    assert world_18.state(campaign_id) == "refused"
    campaign = get_campaign(world_18.connection, campaign_id)
    assert "--accept-valid" in campaign["refusal"]
    assert campaign["file_row_count"] == 11
    assert broken_promises(world_18.connection) == {}


def test_each_problem_reads_as_a_sentence_with_its_facts(world_18, tmp_path):
    submission = make_submission(world_18, tmp_path, bad_list("xlsx"), name="list.xlsx")

    campaign_id = world_18.take_in(submission, tmp_path)

    texts = {}
    for problem in list_problems(world_18.connection, campaign_id):
        texts.setdefault(problem.row_number, problem.text)
        assert problem.text.endswith(".")
    assert "more than 15 digits (25000000000000000)" in texts[4]
    assert "The user_id 12-ab is not 5 to 20 digits" in texts[5]
    assert "The cell under name is empty" in texts[7]
    assert "has 2007 characters, and at most 1999 may be sent" in texts[8]
    assert "on row 3 already with the same values" in texts[11]
    assert "on rows 12, 13 with different values" in texts[12]


def test_with_accept_valid_the_good_rows_go_on(world, tmp_path):
    submission = make_submission(world, tmp_path, bad_list("csv"), accepts_valid=True)

    campaign_id = world.take_in(submission, tmp_path)

    assert world.verdicts(campaign_id) == BAD_LIST_VERDICTS | {3: "ready", 9: "ready"}
    assert world.state(campaign_id) == "validated"
    cleaned = world.connection.execute(
        "SELECT typed_user_id, user_id, cells FROM message_list WHERE row_number = 9"
    ).fetchone()
    # The id as it was typed is kept apart; what is used of it has lost blanks and invisible characters.
    assert (cleaned["typed_user_id"], cleaned["user_id"]) == (" " + user_id(4) + "\u200b", user_id(4))
    assert cleaned["cells"] == ["Ed"]


def test_duplicates_alone_do_not_refuse_a_file(world, tmp_path):
    rows = [(user_id(1), "Ann"), (user_id(2), "Ben"), (user_id(1), "Ann"), (user_id(1), "Ann")]

    campaign_id = world.take_in(make_submission(world, tmp_path, rows), tmp_path)

    assert world.state(campaign_id) == "validated"
    assert world.verdicts(campaign_id) == {2: "ready", 3: "ready", 4: "duplicate/duplicate", 5: "duplicate/duplicate"}


@pytest.mark.parametrize(
    ("channel", "longest"),
    [
        pytest.param(Channel.MESSENGER, "é" * (1999 - LITERAL), id="1999 characters"),
        pytest.param(Channel.INSTAGRAM, "🎉" * 248 + "x", id="1000 bytes"),
    ],
)
def test_a_message_of_the_longest_allowed_length_is_good_and_one_more_is_not(world_18, tmp_path, channel, longest):
    submission = make_submission(
        world_18,
        tmp_path,
        [(user_id(1), longest), (user_id(2), longest + "x")],
        account=world_18.account(channel=channel),
        template=world_18.template(tmp_path, channel=channel),
        accepts_valid=True,
    )

    campaign_id = world_18.take_in(submission, tmp_path)

    assert world_18.verdicts(campaign_id) == {2: "ready", 3: "invalid/too_long"}


def test_a_variable_that_stands_twice_counts_twice_towards_the_length(world_18, tmp_path):
    template = world_18.template(tmp_path, text="$(b)$(a)$(a)")
    rows = [(user_id(1), "b" * 1001, "a" * 499), (user_id(2), "b" * 1000, "a" * 500)]
    submission = make_submission(
        world_18, tmp_path, rows, header=("user_id", "b", "a"), template=template, accepts_valid=True
    )

    campaign_id = world_18.take_in(submission, tmp_path)

    assert world_18.verdicts(campaign_id) == {2: "ready", 3: "invalid/too_long"}


@pytest.mark.parametrize(
    ("header", "named"),
    [
        pytest.param(("user_id", "Nme"), "Cell B1 should be name but is Nme", id="changed"),
        pytest.param(("name", "user_id"), "the columns are in another order", id="reordered"),
        pytest.param(("user_id",), "The column name is missing", id="missing"),
        pytest.param(("user_id", "name", "name"), "stands in the header twice, in cells B1 and C1", id="doubled"),
        pytest.param(("user_id", "name", "city"), "Cell C1 names a column city", id="unexpected"),
        pytest.param((user_id(8), "Gus"), "Row 1 should hold the header", id="no header"),
    ],
)
def test_another_header_refuses_the_file_and_every_row_is_still_a_message(world_18, tmp_path, header, named):
    rows = [
        (user_id(1), "Ann", "x")[: len(header)],
        ("", "Ben", "x")[: len(header)],
        (user_id(1), "Cy", "y")[: len(header)],
    ]
    count = sum(any(row) for row in rows)
    submission = make_submission(world_18, tmp_path, rows, header=header, accepts_valid=True)

    campaign_id = world_18.take_in(submission, tmp_path)

    assert world_18.state(campaign_id) == "refused"
    assert set(world_18.verdicts(campaign_id).values()) == {"invalid/bad_header"}
    assert (
        len(world_18.verdicts(campaign_id)) == get_campaign(world_18.connection, campaign_id)["file_row_count"] == count
    )
    problems = list_problems(world_18.connection, campaign_id)
    assert any(named in problem.text for problem in problems)
    assert all(f"`windowcast templates workbook {submission.template} --language en" in one.text for one in problems)
    assert {problem.code for problem in problems} == {"bad_header"}
    assert broken_promises(world_18.connection) == {}


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_a_title_above_the_header_is_shown_with_the_row_in_which_the_header_stands(world_18, tmp_path, kind):
    rows = [(None, None), HEADER, (user_id(1), "Ann")]
    submission = make_submission(world_18, tmp_path, rows, header=("Spring sale", None), name=f"list.{kind}")

    campaign_id = world_18.take_in(submission, tmp_path)

    (problem,) = list_problems(world_18.connection, campaign_id)
    assert (
        f"begins with row 1: Spring sale; row 3: user_id, name; row 4: {user_id(1)}, Ann; the header stands in row 3: "
        "delete what is above it" in problem.text
    )


def test_a_file_that_cannot_be_read_is_a_refused_campaign_without_rows(world_18, tmp_path):
    picture = tmp_path / "list.xlsx"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    submission = world_18.submission(world_18.account(), world_18.template(tmp_path), file=picture, accepts_valid=True)

    campaign_id = world_18.take_in(submission, tmp_path)

    assert world_18.state(campaign_id) == "refused"
    assert world_18.verdicts(campaign_id) == {}
    (problem,) = list_problems(world_18.connection, campaign_id)
    assert (problem.row_number, problem.code) == (None, "unreadable_file")
    assert "The file is a picture" in problem.text


@pytest.mark.parametrize(
    ("content", "code"),
    [
        pytest.param(b"", "unreadable_file", id="no byte"),
        pytest.param(b"user_id,name\r\n", "no_recipients", id="a header alone"),
        pytest.param(b"user_id,name\r\nEXAMPLE,Maria\r\n,\r\n", "no_recipients", id="the example alone"),
    ],
)
def test_a_file_without_recipients_is_refused(world_18, tmp_path, content, code):
    path = tmp_path / "list.csv"
    path.write_bytes(content)
    submission = world_18.submission(world_18.account(), world_18.template(tmp_path), file=path, accepts_valid=True)

    campaign_id = world_18.take_in(submission, tmp_path)

    assert world_18.state(campaign_id) == "refused"
    assert [found[2] for found in problems_of(world_18, campaign_id)] == [code]
    assert world_18.verdicts(campaign_id) == {}


def test_ids_given_by_hand_are_judged_like_rows(world_18, tmp_path):
    template = world_18.template(tmp_path, text="Hello!")
    ids = (user_id(1), f"\u200b{user_id(2)} ", "12", user_id(1))

    campaign_id = world_18.take_in(
        world_18.submission(world_18.account(), template, user_ids=ids, accepts_valid=True), tmp_path
    )

    assert world_18.verdicts(campaign_id) == {
        1: "ready",
        2: "ready",
        3: "invalid/bad_user_id",
        4: "duplicate/duplicate",
    }


def test_what_a_submission_names_must_exist_and_fit_together(world_18, tmp_path):
    account, template = world_18.account(), world_18.template(tmp_path)
    other_channel = world_18.account(channel=Channel.INSTAGRAM)
    path = make_file(tmp_path, good_rows([1]))
    later = read_clock(world_18.connection) + timedelta(hours=2)

    def refusal(step, **fields):
        with pytest.raises(UsageError) as caught:
            step(world_18.submission(fields.pop("sender", account), template, **fields))
        return str(caught.value)

    def find(submission):
        find_target(world_18.connection, submission)

    def times(submission):
        check_times(world_18.connection, submission)

    def read(submission):
        take_list(world_18.connection, submission, target=find_target(world_18.connection, submission), folder=tmp_path)

    assert "has variables (name), whose values --to cannot give" in refusal(find, user_ids=(user_id(1),))
    assert "sends on instagram" in refusal(find, sender=other_channel, file=path)
    assert "version 7" in refusal(find, file=path, version=7)
    assert "--at" in refusal(times, file=path, scheduled_at=later - timedelta(hours=3))
    assert "in the past" in refusal(times, file=path, not_after=later - timedelta(hours=3))
    assert "choose a later --not-after" in refusal(times, file=path, scheduled_at=later, not_after=later)
    assert "There is no file" in refusal(read, file=tmp_path / "none.xlsx")
    unknown = world_18.submission(account, template, file=path)
    for field, word in (("account", "Acme"), ("template", "autumn"), ("language", "xx")):
        with pytest.raises(NotFoundError, match=word):
            find_target(world_18.connection, type(unknown)(**{**unknown.__dict__, field: word}))
    assert world_18.row_counts()["campaign"] == 0


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_the_result_workbook_is_read_without_its_outcome_columns(world_18, tmp_path, kind):
    account, template = world_18.account(), world_18.template(tmp_path)
    rows = [*good_rows([1, 2]), (user_id(3), "=1+1"), ("12-ab", None)]
    first = world_18.take_in(
        make_submission(world_18, tmp_path, rows, account=account, template=template, accepts_valid=True), tmp_path
    )
    result = tmp_path / f"result.{kind}"

    export_messages(world_18.connection, first, path=result)
    second = world_18.take_in(world_18.submission(account, template, file=result, accepts_valid=True), tmp_path)

    assert problems_of(world_18, second) == problems_of(world_18, first)
    assert world_18.verdicts(second) == world_18.verdicts(first)
    assert world_18.state(second) == "validated"
    header = world_18.connection.execute("SELECT header FROM upload WHERE campaign_id = %s", [second]).fetchone()
    assert header["header"] == list(HEADER)
    cells = [row["cells"] for row in list_messages(world_18.connection, second)]
    assert cells == [["Name 1"], ["Name 2"], ["'=1+1"], [None]]
