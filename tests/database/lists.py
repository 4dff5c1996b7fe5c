"""Lists of recipients for the tests of intake, as files and as submissions."""

from factories import user_id, write_table
from tasks.staging import list_problems

HEADER = ("user_id", "name")


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
