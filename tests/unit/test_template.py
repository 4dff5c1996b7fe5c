"""Variables of a text: found, refused, put in once; and the length of what comes of it."""

import shlex
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InputRefusedError
from domain.recipients_file import OUTCOME_COLUMNS, USER_ID_COLUMN
from domain.template import (
    TEXT_LIMITS,
    Channel,
    Template,
    TextContent,
    literal_and_counts,
    render,
    variables_of,
)

NAMES = ("name", "Name", "city_2", "x")


def _template(text: str) -> Template:
    return Template(
        template_id=1,
        code="welcome",
        language="en",
        version=1,
        channel=Channel.MESSENGER,
        name="Welcome",
        content=TextContent(text),
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("Hello!", (), id="none"),
        pytest.param("", (), id="no text"),
        pytest.param("Hello $(name)!", ("name",), id="one"),
        pytest.param("$(b) $(a) $(b)", ("b", "a"), id="in the order of their first appearance, each once"),
        pytest.param("$(name) $(Name)", ("name", "Name"), id="case is kept"),
        pytest.param("$(a)$(b_2)", ("a", "b_2"), id="side by side, with digits and underscores"),
        pytest.param("$5 (five) $ (x) $a $$(a)", ("a",), id="dollars and brackets that open nothing"),
    ],
)
def test_the_variables_of_a_text_are_found(text, expected):
    assert variables_of(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "$(",
        "$()",
        "$( name)",
        "$(name )",
        "$(first name)",
        "$(1st)",
        "$(_name)",
        "$(na-me)",
        "$(näme)",
        "$((name))",
        "$(name",
        "$(na$(me))",
        "$(name\n)",
        "good $(name), bad $(",
    ],
)
def test_an_opening_that_begins_no_variable_is_refused(text):
    with pytest.raises(InputRefusedError, match="which is no variable"):
        variables_of(text)


def test_the_refusal_says_where_the_opening_is():
    with pytest.raises(InputRefusedError, match=r"'\$\(1st\) of all' at character 14"):
        variables_of("Dear $(name),$(1st) of all")


@pytest.mark.parametrize("name", [USER_ID_COLUMN, *OUTCOME_COLUMNS])
def test_a_variable_named_like_a_column_of_the_workbook_is_refused(name):
    with pytest.raises(InputRefusedError, match=f"may not be named {name}"):
        variables_of(f"Hello $({name})")


def test_values_stand_where_their_variables_stood():
    assert render("$(a)-$(b)-$(a)", {"a": "1", "b": "2"}) == "1-2-1"


@pytest.mark.parametrize("value", ["$(b)", "$(a)", r"\1", r"\g<0>", "%s {b} $b", ""])
def test_a_value_that_looks_like_a_variable_stays_as_it_is(value):
    assert render("[$(a)|$(b)]", {"a": value, "b": "B"}) == f"[{value}|B]"


def test_a_variable_that_two_values_would_form_is_not_filled_in():
    assert render("$(a)$(b)", {"a": "$(", "b": "a)"}) == "$(a)"


def test_a_variable_without_a_value_is_a_fault():
    with pytest.raises(KeyError):
        render("$(a)", {})


def test_a_template_names_the_columns_of_its_workbook():
    template = _template("Dear $(name) in $(city), dear $(name)")

    assert template.variables == ("name", "city")
    assert template.columns == ("user_id", "name", "city")


def test_a_template_says_the_command_of_its_workbook_which_a_shell_takes_as_it_stands():
    plain = _template("Hello!")
    odd = replace(plain, code="spring's sale/2", language="pt BR", version=4)

    assert plain.workbook_command == (
        "windowcast templates workbook welcome --language en --version 1 --output welcome.xlsx"
    )
    assert shlex.split(odd.workbook_command) == [
        "windowcast", "templates", "workbook", "spring's sale/2", "--language", "pt BR", "--version", "4",
        "--output", "spring-s-sale-2.xlsx",
    ]  # fmt: skip


def test_the_literal_is_the_text_without_its_variables():
    assert literal_and_counts("Hi $(a), $(b) and $(a)!", ("a", "b")) == ("Hi ,  and !", [2, 1])


def test_each_channel_has_a_limit():
    assert set(TEXT_LIMITS) == set(Channel)


@pytest.mark.parametrize(
    ("channel", "text", "length"),
    [
        (Channel.MESSENGER, "Grüße 👋", 7),
        (Channel.INSTAGRAM, "Grüße 👋", 12),
        (Channel.MESSENGER, "", 0),
    ],
)
def test_a_length_is_measured_in_the_unit_of_the_channel(channel, text, length):
    assert TEXT_LIMITS[channel].length(text) == length


@given(
    pieces=st.lists(st.one_of(st.sampled_from([f"$({name})" for name in NAMES]), st.text(max_size=8)), max_size=12),
    values=st.fixed_dictionaries({name: st.text(max_size=12) for name in NAMES}),
    channel=st.sampled_from(Channel),
)
def test_the_length_of_a_message_can_be_told_without_rendering_it(pieces, values, channel):
    # A closing bracket between the pieces keeps two of them from forming a variable of another name.
    text = ")".join(piece if piece[2:-1] in NAMES else piece.replace("$(", "") for piece in pieces)
    names = variables_of(text)
    limit = TEXT_LIMITS[channel]

    literal, counts = literal_and_counts(text, names)
    told = limit.length(literal) + sum(
        count * limit.length(values[name]) for name, count in zip(names, counts, strict=True)
    )

    assert told == limit.length(render(text, values))
