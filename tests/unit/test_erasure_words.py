"""What stands for an erased person, what is left of a webhook body, and whether a file holds an id."""

import io
import json
import zipfile

import pytest

from clients.spreadsheet import digits
from clients.spreadsheet.digits import holds_digits
from domain.erasure import key_print, tombstone
from domain.webhook_body import NOTHING, without_person

PERSON, OTHER = "25000000000000003", "25000000000000005"
PAGE = {"channel": "messenger", "external_id": "100"}


def event(person, text="Hello"):
    return {"sender": {"id": person}, "recipient": {"id": "100"}, "timestamp": 1, "message": {"text": text}}


def body(*entries):
    return json.dumps({"object": "page", "entry": list(entries)}).encode()


def test_a_tombstone_is_the_keyed_hash_of_the_person_on_the_account():
    # The same by `printf 'person\nmessenger\n100\n25000000000000003' | openssl dgst -sha256 -hmac 'a key of 16 char'`.
    known = "797635dab806744237af3f127cba0a496213394dc9b038a96854805ac34033dc"
    one = tombstone("a key of 16 char", user_id=PERSON, **PAGE)

    assert one == f"erased:{known}"
    others = {
        tombstone("another key of16", user_id=PERSON, **PAGE),
        tombstone("a key of 16 char", user_id=OTHER, **PAGE),
        tombstone("a key of 16 char", user_id=PERSON, channel="instagram", external_id="100"),
        tombstone("a key of 16 char", user_id=PERSON, channel="messenger", external_id="101"),
    }
    assert len({one, *others}) == 5
    assert PERSON not in one
    assert key_print("a key of 16 char") not in one


def test_only_the_events_of_the_person_leave_a_body():
    kept = event(OTHER, "Zoë 😀 \u0000")
    given = body(
        {"id": "100", "time": 1, "messaging": [event(PERSON), kept]},
        {"id": "100", "time": 2, "standby": [event(PERSON)], "changes": [{"field": "feed", "value": {"from": PERSON}}]},
    )

    left = json.loads(without_person(given, PERSON))

    assert left["entry"] == [
        {"id": "100", "time": 1, "messaging": [kept]},
        {"id": "100", "time": 2, "standby": [], "changes": []},
    ]


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(b"no json " + PERSON.encode(), id="no JSON"),
        pytest.param(b'\xff"' + PERSON.encode(), id="no text"),
        pytest.param(b"[" * 100_000 + PERSON.encode(), id="deep"),
        pytest.param(json.dumps({"about": PERSON}).encode(), id="no event"),
        pytest.param(json.dumps([{"entry": PERSON}]).encode(), id="an entry that is none"),
    ],
)
def test_what_cannot_be_taken_apart_is_given_up_as_a_whole(given):
    assert without_person(given, PERSON) == NOTHING


def test_ids_are_found_as_numbers_and_keys_and_inside_texts_but_not_inside_longer_numbers():
    longer = event(PERSON + "9")
    given = body(
        {"id": "100", "uid": int(PERSON), "changes": []},
        {"id": "100", "messaging": [{"people": {PERSON: 1}}, {"note": f"psid={PERSON};"}, longer]},
    )

    left = json.loads(without_person(given, PERSON))

    assert left["entry"] == [{"id": "100", "messaging": [longer]}]


def workbook(text: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/sharedStrings.xml", "<t>nobody</t>")
        archive.writestr("xl/comments1.xml", f"<t>{text}</t>")
    return packed.getvalue()


@pytest.mark.parametrize(
    ("content", "is_held"),
    [
        pytest.param(f"user_id\n{PERSON}\n".encode(), True, id="csv"),
        pytest.param(f"user_id\n{PERSON}\n".encode("utf-16"), True, id="UTF-16"),
        pytest.param(workbook(f"ask {PERSON}"), True, id="a comment in a workbook"),
        pytest.param(workbook(OTHER), False, id="somebody else"),
        pytest.param(b"", False, id="an empty file"),
    ],
)
def test_an_id_is_found_in_a_file_wherever_it_stands(tmp_path, content, is_held):
    path = tmp_path / "file"
    path.write_bytes(content)

    assert holds_digits(path, PERSON) is is_held


def test_an_id_is_found_over_the_edge_of_two_blocks(tmp_path, monkeypatch):
    path = tmp_path / "file"
    for before in range(40):
        path.write_bytes(b"x" * before + PERSON.encode() + b"y" * 40)
        monkeypatch.setattr(digits, "_BLOCK_BYTES", 20)
        assert holds_digits(path, PERSON)
