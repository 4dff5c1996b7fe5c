"""The form of a submit: what it offers, in which order, and how a template is named in one text."""

import pytest

from domain.submit_form import Choices, form_schema
from domain.template_label import TemplateLabel, read_label

FULL = Choices(accounts=["Shop"], templates=["sale · en · 2", "sale · en · 1"], files=["list.xlsx"])


def test_lists_hold_what_there_is_in_its_order():
    fields = form_schema(FULL)["properties"]

    assert fields["account"]["enum"] == ["Shop"]
    assert fields["template"]["enum"] == ["sale · en · 2", "sale · en · 1"]
    assert fields["inbox_file"]["enum"] == ["list.xlsx"]


def test_a_list_that_would_be_empty_says_what_to_do_instead():
    fields = form_schema(Choices(accounts=[], templates=[], files=[]))["properties"]

    assert "enum" not in fields["account"]
    assert "`windowcast accounts add`" in fields["account"]["description"]
    assert "`windowcast templates add`" in fields["template"]["description"]
    assert "inbox" in fields["inbox_file"]["description"]


def test_every_field_has_a_title_a_description_and_a_place_of_its_own():
    fields = form_schema(FULL)["properties"].values()

    assert all(field["title"] and field["description"] for field in fields)
    assert [field["position"] for field in fields] == list(range(len(fields)))


@pytest.mark.parametrize(
    "text", ["sale", "sale · en", "sale · en · x", "sale · en · 1 · 2", "sale-en-1", "sale · en · ²"]
)
def test_a_text_that_is_no_label_is_none(text):
    assert read_label(text) is None


def test_a_label_is_read_as_it_is_written():
    label = TemplateLabel("spring-sale", "pt_BR", 12)

    assert read_label(str(label)) == label
