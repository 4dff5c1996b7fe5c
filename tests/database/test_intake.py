"""Intake: from a file to a judged campaign. Every row is a message, every fault has its row, nothing is half done."""

import threading
from datetime import timedelta
from uuid import uuid4

import pytest

from clients.postgres import connect
from domain.errors import (
    AlreadySubmittedError,
    InputRefusedError,
    NobodyEligibleError,
    NotFoundError,
    UsageError,
)
from domain.reasons import Reason
from domain.states import MessageState
from domain.template import Channel
from factories import TIMING, user_id, write_table
from tasks.campaigns import cancel_campaign, get_campaign, start_campaign
from tasks.database import broken_promises
from tasks.intake import admit, check_list, find_progress, plan_submission, take_list
from tasks.judging import make_messages
from tasks.messages import export_messages, list_messages
from tasks.staging import find_row_problems, list_problems, stage_list
from tasks.submission import check_times, find_target
from tasks.windows import read_clock

HEADER = ("user_id", "name")
# "Hello !" has seven characters, which are seven bytes.
LITERAL = 7


def good_rows(numbers):
    return [(user_id(number), f"Name {number}") for number in numbers]


def make_file(tmp_path, rows, *, header=HEADER, name="list.csv"):
    return write_table(tmp_path / name, [header, *rows])


def make_submission(world, tmp_path, rows, **fields):
    """A submission of a file with these rows, for a new account and template unless they are given."""
    account = fields.pop("account", None) or world.account()
    template = fields.pop("template", None) or world.template(tmp_path)
    names = {key: fields.pop(key) for key in ("header", "name") if key in fields}
    return world.submission(account, template, file=make_file(tmp_path, rows, **names), **fields)


def reachable_submission(world, tmp_path, *, numbers=range(3), hours_ago=1.0, **fields):
    account = fields.pop("account", None) or world.account()
    world.people_write(account, numbers, hours_ago=hours_ago)
    return make_submission(world, tmp_path, good_rows(numbers), account=account, **fields)


def problems_of(world, campaign_id):
    found = list_problems(world.connection, campaign_id)
    return [(problem.row_number, problem.column, str(problem.code)) for problem in found]


# What is wrong with each row, by the number that the spreadsheet shows. Row 10 is blank.
BAD_LIST = [
    ("EXAMPLE", "Maria"),
    (user_id(1), "Ann"),
    (25_000_000_000_000_001, "Ben"),
    ("12-ab", "Cleo"),
    (None, "Dora"),
    (user_id(2), None),
    (user_id(3), "x" * 2000),
    (" " + user_id(4) + "\u200b", " Ed "),
    (None, None),
    (user_id(1), "Ann"),
    (user_id(5), "Fay"),
    (user_id(5), "Faye"),
    ("4711", None),
]
BAD_LIST_PROBLEMS = [
    (4, "user_id", "bad_user_id"),
    (5, "user_id", "bad_user_id"),
    (6, "user_id", "missing_value"),
    (7, "name", "missing_value"),
    (8, None, "too_long"),
    (11, "user_id", "duplicate"),
    (12, "user_id", "conflicting_duplicate"),
    (13, "user_id", "conflicting_duplicate"),
    (14, "name", "missing_value"),
    (14, "user_id", "bad_user_id"),
]
BAD_LIST_VERDICTS = {
    4: "invalid/bad_user_id",
    5: "invalid/bad_user_id",
    6: "invalid/missing_value",
    7: "invalid/missing_value",
    8: "invalid/too_long",
    11: "duplicate/duplicate",
    12: "invalid/conflicting_duplicate",
    13: "invalid/conflicting_duplicate",
    14: "invalid/bad_user_id",
}


def bad_list(kind):
    """The same list in both kinds of file: a csv has no numbers, but what a spreadsheet makes of one."""
    return [("2.5E+16" if kind == "csv" and isinstance(one, int) else one, name) for one, name in BAD_LIST]


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


def test_two_submits_with_one_submission_id_make_one_campaign(world_18, tmp_path):
    submission = make_submission(world_18, tmp_path, good_rows(range(3)))

    first = world_18.take_in(submission, tmp_path)
    second = world_18.take_in(submission, tmp_path)

    assert second == first
    assert world_18.row_counts()["campaign"] == 1
    assert world_18.states(first) == {"ready": 3}
    assert broken_promises(world_18.connection) == {}


def test_two_submits_with_one_submission_id_at_the_same_moment_make_one_campaign(world, database, tmp_path):
    submission = make_submission(world, tmp_path, bad_list("csv"), accepts_valid=True)
    together, ended = threading.Barrier(2), []

    def submit():
        try:
            with connect(database) as connection:
                together.wait(10)
                ended.append(world.take_in(submission, tmp_path, connection=connection))
        except Exception as error:  # noqa: BLE001 - the test looks at whatever it was
            ended.append(error)

    threads = [threading.Thread(target=submit) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert ended[0] == ended[1]
    assert world.row_counts()["campaign"] == 1
    assert world.verdicts(ended[0]) == BAD_LIST_VERDICTS | {3: "ready", 9: "ready"}
    assert len(problems_of(world, ended[0])) == len(BAD_LIST_PROBLEMS)
    assert broken_promises(world.connection) == {}


def test_a_second_run_of_a_submission_takes_nothing_from_the_first_ones_judgement(world, tmp_path):
    submission = make_submission(world, tmp_path, bad_list("csv"), accepts_valid=True)
    target = find_target(world.connection, submission)
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    campaign_id, given = take_list(world.connection, submission, target=target, folder=tmp_path / "a")
    can_judge = check_list(world.connection, campaign_id, target=target, given=given, suite_url=None)
    _, given_again = take_list(world.connection, submission, target=target, folder=tmp_path / "b")

    judged_again = check_list(world.connection, campaign_id, target=target, given=given_again, suite_url=None)
    state = make_messages(world.connection, campaign_id, target=target, given=given, can_judge=can_judge)
    late = check_list(world.connection, campaign_id, target=target, given=given_again, suite_url=None)
    same = make_messages(
        world.connection, campaign_id, target=target, given=given_again, can_judge=judged_again or late
    )

    assert state == same == "validated"
    assert world.verdicts(campaign_id) == BAD_LIST_VERDICTS | {3: "ready", 9: "ready"}
    assert len(problems_of(world, campaign_id)) == len(BAD_LIST_PROBLEMS)


def test_a_campaign_cancelled_while_its_list_is_read_gets_no_ready_message(world, tmp_path):
    submission = make_submission(world, tmp_path, good_rows(range(3)))
    target = find_target(world.connection, submission)
    campaign_id, given = take_list(world.connection, submission, target=target, folder=tmp_path)
    can_judge = check_list(world.connection, campaign_id, target=target, given=given, suite_url=None)

    cancel_campaign(world.connection, campaign_id)
    state = make_messages(world.connection, campaign_id, target=target, given=given, can_judge=can_judge)

    assert state == "cancelled"
    assert world.states(campaign_id) == {}
    assert broken_promises(world.connection) == {}


def test_the_same_list_is_refused_for_24_hours_unless_it_is_meant_again(world, tmp_path):
    first = reachable_submission(world, tmp_path)
    fields = {**first.__dict__, "submission_id": uuid4()}
    first_id = world.submit(first, tmp_path)

    with pytest.raises(AlreadySubmittedError) as caught:
        world.take_in(type(first)(**fields), tmp_path)

    assert str(first_id) in str(caught.value)
    assert get_campaign(world.connection, first_id)["name"] in str(caught.value)
    assert world.row_counts()["campaign"] == 1
    again = world.take_in(type(first)(**{**fields, "again": True}), tmp_path)
    assert again != first_id
    timed = {**fields, "submission_id": uuid4(), "scheduled_at": read_clock(world.connection) + timedelta(hours=1)}
    assert world.take_in(type(first)(**timed), tmp_path) not in (first_id, again)
    world.put_clock_ahead(hours=24, seconds=5)
    assert world.take_in(type(first)(**{**fields, "submission_id": uuid4()}), tmp_path) not in (first_id, again)


def test_a_refused_campaign_and_one_cancelled_before_sending_do_not_count_as_earlier(world, tmp_path):
    account, template = world.account(), world.template(tmp_path)
    world.people_write(account, [1])

    def submission(**fields):
        return make_submission(
            world, tmp_path, [*good_rows([1]), ("12-ab", "x")], account=account, template=template, **fields
        )

    refused = world.take_in(submission(), tmp_path)
    cancelled = world.submit(submission(accepts_valid=True), tmp_path)
    start_campaign(world.connection, cancelled, timing=TIMING)
    cancel_campaign(world.connection, cancelled)
    sent = world.submit(submission(accepts_valid=True), tmp_path)
    start_campaign(world.connection, sent, timing=TIMING)
    world.claim(sent, 1)
    cancel_campaign(world.connection, sent)

    assert [world.state(one) for one in (refused, cancelled, sent)] == ["refused", "cancelled", "cancelled"]
    # Of the last one a message was under way when it was cancelled: it does count.
    with pytest.raises(AlreadySubmittedError, match=str(sent)):
        world.take_in(submission(accepts_valid=True), tmp_path)


def test_a_draft_whose_submit_has_died_does_not_bar_its_list_for_long(world_18, tmp_path):
    first = reachable_submission(world_18, tmp_path)
    target = find_target(world_18.connection, first)
    take_list(world_18.connection, first, target=target, folder=tmp_path)
    second = type(first)(**{**first.__dict__, "submission_id": uuid4()})

    with pytest.raises(AlreadySubmittedError):
        world_18.take_in(second, tmp_path)
    world_18.put_clock_ahead(minutes=10, seconds=5)

    assert world_18.state(world_18.take_in(second, tmp_path)) == "validated"


def test_a_send_time_that_passed_on_the_way_is_meant_and_an_older_one_is_not(world_18, tmp_path):
    now = read_clock(world_18.connection)
    just_passed = reachable_submission(world_18, tmp_path, scheduled_at=now - timedelta(seconds=60))
    long_past = type(just_passed)(
        **{**just_passed.__dict__, "submission_id": uuid4(), "scheduled_at": now - timedelta(seconds=180)}
    )

    campaign_id = world_18.submit(just_passed, tmp_path)
    with pytest.raises(UsageError, match="in the past"):
        world_18.take_in(long_past, tmp_path)
    with pytest.raises(UsageError, match="in the past"):
        check_times(world_18.connection, just_passed)

    assert start_campaign(world_18.connection, campaign_id, timing=TIMING)


@pytest.mark.parametrize("died_after", ["the draft", "staging", "judging"])
def test_a_submit_that_died_goes_on_when_it_is_repeated(world_18, tmp_path, died_after):
    submission = reachable_submission(world_18, tmp_path, numbers=range(3))
    target = find_target(world_18.connection, submission)
    (tmp_path / "dead").mkdir()
    campaign_id, given = take_list(world_18.connection, submission, target=target, folder=tmp_path / "dead")
    if died_after != "the draft":
        stage_list(world_18.connection, campaign_id, target=target, given=given)
    if died_after == "judging":
        find_row_problems(world_18.connection, campaign_id, template=target.template)
    assert find_progress(world_18.connection, submission) == (campaign_id, "draft")

    repeated = world_18.submit(submission, tmp_path)

    assert repeated == campaign_id
    assert find_progress(world_18.connection, submission) == (campaign_id, "scheduled")
    assert world_18.verdicts(campaign_id) == {2: "ready", 3: "ready", 4: "ready"}
    assert world_18.row_counts()["staged_row"] == 0
    assert broken_promises(world_18.connection) == {}


def test_a_lost_row_ends_the_transaction_and_nothing_is_kept(world, tmp_path):
    submission = reachable_submission(world, tmp_path, numbers=range(3))
    target = find_target(world.connection, submission)
    (tmp_path / "first").mkdir()
    campaign_id, given = take_list(world.connection, submission, target=target, folder=tmp_path / "first")
    check_list(world.connection, campaign_id, target=target, given=given, suite_url=None)
    world.connection.execute("DELETE FROM staged_row WHERE row_number = 3")

    with pytest.raises(InputRefusedError, match="3 rows, but 2 messages"):
        make_messages(world.connection, campaign_id, target=target, given=given, can_judge=True)

    counts = world.row_counts()
    assert (counts["message_list"], counts["upload"], world.state(campaign_id)) == (0, 0, "draft")
    assert world.take_in(submission, tmp_path) == campaign_id
    assert world.states(campaign_id) == {"ready": 3}


def test_a_plan_keeps_nothing_and_says_what_a_submit_then_does(world, tmp_path):
    account = world.account(per_second=1)
    world.people_write(account, [1], hours_ago=1)
    world.people_write(account, [7], hours_ago=30)
    rows = [*BAD_LIST, (user_id(7), "Hal"), (user_id(6), "Ian")]
    submission = make_submission(world, tmp_path, rows, account=account, accepts_valid=True, name="list.xlsx")
    (tmp_path / "plan").mkdir()
    before = world.row_counts()

    plan = plan_submission(world.connection, submission, folder=tmp_path / "plan", timing=TIMING)

    assert world.row_counts() == before
    campaign_id = world.submit(submission, tmp_path)
    start_campaign(world.connection, campaign_id, timing=TIMING)
    assert {str(state): count for state, count in plan.counts.by_state.items() if count} == world.states(campaign_id)
    assert plan.counts.by_reason == {
        Reason.BAD_USER_ID: 3,
        Reason.MISSING_VALUE: 2,
        Reason.TOO_LONG: 1,
        Reason.CONFLICTING_DUPLICATE: 2,
        Reason.DUPLICATE: 1,
        Reason.WINDOW_CLOSED: 1,
        Reason.NEVER_INTERACTED: 2,
    }
    assert plan.problems == list_problems(world.connection, campaign_id)
    assert (plan.state, plan.refusal, plan.earlier) == ("validated", None, None)
    forecast = plan.outlook.forecast
    assert (forecast.eligible_now, forecast.eligible_at_send, forecast.closing_before_turn) == (1, 1, 0)


def test_a_plan_of_a_refused_or_repeated_list_says_so(world_18, tmp_path):
    submission = reachable_submission(world_18, tmp_path)
    first = world_18.submit(submission, tmp_path)
    again = type(submission)(**{**submission.__dict__, "submission_id": uuid4()})
    bad = make_submission(world_18, tmp_path, [("12-ab", "x"), *good_rows([7])], name="bad.csv")
    for folder in ("again", "bad"):
        (tmp_path / folder).mkdir()
    before = world_18.row_counts()

    repeated = plan_submission(world_18.connection, again, folder=tmp_path / "again", timing=TIMING)
    refused = plan_submission(world_18.connection, bad, folder=tmp_path / "bad", timing=TIMING)

    assert world_18.row_counts() == before
    assert repeated.earlier["campaign_id"] == first
    assert repeated.counts.by_state[MessageState.READY] == 3
    assert (refused.state, refused.counts.by_reason[Reason.FILE_REFUSED]) == ("refused", 1)
    assert refused.refusal.startswith("1 problem ")


def test_a_list_of_which_nobody_is_eligible_is_refused_and_each_row_keeps_its_own_reason(world, tmp_path):
    account = world.account()
    world.people_write(account, [1], hours_ago=25)
    submission = make_submission(world, tmp_path, good_rows([1, 2]), account=account)

    with pytest.raises(NobodyEligibleError, match="windowcast check"):
        world.submit(submission, tmp_path)

    campaign_id, state = find_progress(world.connection, submission)
    assert state == "refused"
    assert world.verdicts(campaign_id) == {2: "ineligible/window_closed", 3: "ineligible/never_interacted"}
    assert "Nobody on the list" in get_campaign(world.connection, campaign_id)["refusal"]
    # The list may be submitted again once somebody wrote.
    world.people_write(account, [1], hours_ago=0.1)
    again = world.submit(type(submission)(**{**submission.__dict__, "submission_id": uuid4()}), tmp_path)
    assert world.state(again) == "scheduled"
    assert broken_promises(world.connection) == {}


def test_a_send_time_later_than_every_window_is_refused_with_the_time_that_would_do(world, tmp_path):
    now = read_clock(world.connection)
    submission = reachable_submission(world, tmp_path, hours_ago=20, scheduled_at=now + timedelta(hours=6))

    with pytest.raises(NobodyEligibleError, match="choose an earlier --at") as caught:
        world.submit(submission, tmp_path)

    last_turn = now + timedelta(hours=4) - timedelta(seconds=TIMING.margin_seconds + TIMING.reserve_seconds)
    assert last_turn.isoformat(timespec="minutes")[:13] in str(caught.value)
    campaign_id, _ = find_progress(world.connection, submission)
    assert set(world.verdicts(campaign_id).values()) == {"ineligible/window_closed"}


def test_admitting_twice_changes_nothing(world_18, tmp_path):
    submission = reachable_submission(world_18, tmp_path)
    campaign_id = world_18.submit(submission, tmp_path)
    target = find_target(world_18.connection, submission)
    before = world_18.verdicts(campaign_id)

    outlook = admit(world_18.connection, campaign_id, target=target, timing=TIMING)

    assert outlook.forecast.eligible_at_send == 3
    assert (world_18.state(campaign_id), world_18.verdicts(campaign_id)) == ("scheduled", before)


# Where the file comes from, and whether it came before.


def test_a_file_from_elsewhere_is_known_by_its_address_and_is_needed_only_once(world_18, tmp_path):
    import fsspec

    account = world_18.account()
    world_18.people_write(account, [1])
    store = fsspec.filesystem("memory")
    store.pipe("/lists/may.csv?signature=CANARY", make_file(tmp_path, good_rows([1])).read_bytes())
    template = world_18.template(tmp_path)
    submission = world_18.submission(account, template, file="memory://lists/may.csv?signature=CANARY")

    campaign_id = world_18.take_in(submission, tmp_path)
    store.rm("/lists/may.csv?signature=CANARY")
    admit(world_18.connection, campaign_id, target=find_target(world_18.connection, submission), timing=TIMING)
    start_campaign(world_18.connection, campaign_id, timing=TIMING)

    assert get_campaign(world_18.connection, campaign_id)["file_name"] == "memory://lists/may.csv"
    assert world_18.states(campaign_id) == {"ready": 1}


def test_a_file_that_is_nowhere_is_not_found(world_18, tmp_path):
    submission = world_18.submission(
        world_18.account(), world_18.template(tmp_path), file="memory://nowhere.csv?x=CANARY"
    )

    with pytest.raises(NotFoundError, match=r"There is no file at memory://nowhere\.csv;"):
        world_18.take_in(submission, tmp_path)


def plan_of(world, submission, folder):
    folder.mkdir()
    return plan_submission(world.connection, submission, folder=folder, timing=TIMING)


def test_the_same_file_is_warned_of_however_long_ago_and_for_every_version(world, tmp_path):
    submission = reachable_submission(world, tmp_path, name="may.csv")
    new = plan_of(world, submission, tmp_path / "new")
    first = world.submit(submission, tmp_path)
    world.connection.execute("UPDATE campaign SET created_at = clock() - interval '90 days'")
    world.template(tmp_path, text="Other $(name)!", code=submission.template)

    later = plan_of(world, submission, tmp_path / "later")

    assert (new.same_file, later.earlier) == (None, None)
    assert (later.same_file["campaign_id"], later.same_file["name"]) == (
        first,
        get_campaign(world.connection, first)["name"],
    )


def test_another_file_account_or_template_is_not_the_same_file(world_18, tmp_path):
    submission = reachable_submission(world_18, tmp_path)
    world_18.submit(submission, tmp_path)
    others = [
        make_submission(
            world_18,
            tmp_path,
            good_rows([8]),
            account=find_target(world_18.connection, submission).account,
            name="o.csv",
        ),
        make_submission(world_18, tmp_path, good_rows(range(3)), name="same.csv"),
    ]

    found = [plan_of(world_18, other, tmp_path / f"plan {number}").same_file for number, other in enumerate(others)]

    assert found == [None, None]


def test_a_refused_file_and_one_of_a_cancelled_campaign_are_no_same_file(world_18, tmp_path):
    account = world_18.account()
    template = world_18.template(tmp_path)
    refused = make_submission(world_18, tmp_path, [("12", "x")], account=account, template=template, name="bad.csv")
    world_18.take_in(refused, tmp_path)
    cancelled = reachable_submission(world_18, tmp_path, account=account, template=template, name="good.csv")
    cancel_campaign(world_18.connection, world_18.submit(cancelled, tmp_path))

    found = [
        plan_of(world_18, each, tmp_path / str(place)).same_file for place, each in enumerate((refused, cancelled))
    ]

    assert found == [None, None]


def test_what_was_assumed_is_told_and_kept(world_18, tmp_path):
    submission = make_submission(world_18, tmp_path, [(user_id(1), "Ann"), (None, None), (user_id(2), "Bob")])

    plan = plan_of(world_18, submission, tmp_path / "plan")
    campaign_id = world_18.take_in(submission, tmp_path)

    assert plan.remarks == (
        "The columns are separated by commas.",
        "Blank rows between the others were passed over: 3.",
    )
    assert tuple(get_campaign(world_18.connection, campaign_id)["remarks"]) == plan.remarks
