"""A workbook from template to outcomes: filled, refused, mended where it was marked, sent."""

import json

import openpyxl

from factories import GOOD_ROWS, user_id


def test_the_workbook_of_a_template_is_filled_submitted_and_comes_back_with_outcomes(shop):
    shop.command.json("templates", "workbook", "sale", "--language", "en", "--output", "sale.xlsx")
    book = openpyxl.load_workbook("sale.xlsx")
    for row_number, row in enumerate([*GOOD_ROWS, (user_id(50), "=1+1 never wrote")], start=3):
        for column, value in enumerate(row, start=1):
            cell = book.worksheets[0].cell(row_number, column)
            cell.value = value
            cell.data_type = "s"
    book.save("filled.xlsx")

    campaign = shop.command.json("submit", *shop.words("filled.xlsx"), "--name", "Sale", "--yes")
    messages = shop.command.json("messages", campaign["campaign_id"])
    shop.command.json("messages", campaign["campaign_id"], "--export", "result.xlsx")

    assert (campaign["state"], campaign["name"], campaign["account"]) == ("finished", "Sale", "Shop")
    assert campaign["by_state"]["sent"] == 10
    assert campaign["by_reason"] == {"never_interacted": 1}
    assert [message["row_number"] for message in messages] == list(range(3, 14))
    assert messages[0]["user_id"] == user_id(0)
    assert messages[0]["sent_at"].endswith("+00:00")
    assert {message.message_id for message in shop.accepted()} == {
        message["provider_message_id"] for message in messages if message["state"] == "sent"
    }
    assert sorted(message.text for message in shop.accepted()) == sorted(f"Hello Name {n}!" for n in range(10))
    result = list(openpyxl.load_workbook("result.xlsx").worksheets[0].iter_rows(values_only=True))
    assert result[0][:4] == ("user_id", "first_name", "windowcast_state", "windowcast_reason")
    assert result[11][1] == "'=1+1 never wrote"
    assert json.loads(shop.command("doctor", "--json").out)["broken_promises"] == {}


def test_a_refused_workbook_comes_back_marked_is_mended_there_and_is_sent_with_its_outcomes(shop):
    shop.command.json("templates", "workbook", "sale", "--language", "en", "--output", "sale.xlsx")
    fill("sale.xlsx", "filled.xlsx", {3: (user_id(0), "Ada"), 4: ("12-ab", "Bo"), 5: (user_id(2), None)})

    plan = shop.command.json("check", *shop.words("filled.xlsx", "--annotated", "plan.xlsx"), code=3)
    told = shop.command("submit", *shop.words("filled.xlsx"), "--yes")
    refused = shop.command.json("submit", *shop.words("filled.xlsx"), "--yes", code=3)
    shop.command.json("campaigns", "workbook", refused["campaign_id"], "--out", "marked.xlsx")
    fill("marked.xlsx", "mended.xlsx", {4: (user_id(1), "Bo"), 5: (user_id(2), "=1+1")})
    sent = shop.command.json("submit", *shop.words("mended.xlsx", "--annotated", "result.xlsx"), "--yes")

    assert (plan["annotated"], refused["annotated"], sent["annotated"]) == ("plan.xlsx", None, "result.xlsx")
    assert "campaigns workbook" in told.err
    for name in ("plan.xlsx", "marked.xlsx"):
        sheet = openpyxl.load_workbook(name)["Recipients"]
        assert [cell.value for cell in sheet[1]] == ["user_id", "first_name", "windowcast_state", "windowcast_reason"]
        assert sheet["D4"].value == next(p["text"] for p in plan["problems"] if p["row_number"] == 4)
        assert [sheet[cell].fill.fill_type for cell in ("A4", "B4", "B5", "A3")] == ["solid", None, "solid", None]
        assert sheet["A1"].font.bold
    assert sent["by_state"]["sent"] == 3
    assert sorted(message.text for message in shop.accepted()) == ["Hello =1+1!", "Hello Ada!", "Hello Bo!"]
    rows = list(openpyxl.load_workbook("result.xlsx")["Recipients"].iter_rows(min_row=3, values_only=True))
    assert [row[:4] for row in rows] == [
        (user_id(number), name, "sent", "The platform accepted the message.")
        for number, name in enumerate(["Ada", "Bo", "=1+1"])
    ]
    assert {row[7] for row in rows} == {message.message_id for message in shop.accepted()}


def test_a_csv_comes_back_as_a_workbook_that_can_be_mended_and_submitted(shop):
    file = shop.csv("list.csv", [(user_id(0), "-10%"), ("12", "Bo")])

    plan = shop.command.json("check", *shop.words(file, "--annotated", "marked.xlsx"), code=3)
    fill("marked.xlsx", "mended.xlsx", {3: (user_id(1), "Bo")})
    sent = shop.command.json("submit", *shop.words("mended.xlsx"), "--yes")

    assert plan["annotated"] == "marked.xlsx"
    assert sent["by_state"]["sent"] == 2
    assert sorted(message.text for message in shop.accepted()) == ["Hello -10%!", "Hello Bo!"]


def test_where_no_row_could_be_read_there_is_no_annotated_workbook_and_that_is_said(shop):
    (shop.command.folder / "picture.xlsx").write_bytes(b"\x89PNG and so on")

    plan = shop.command("check", *shop.words("picture.xlsx", "--annotated", "marked.xlsx"), "--json")
    refused = shop.command.json("submit", *shop.words("picture.xlsx", "--annotated", "marked.xlsx"), "--yes", code=3)
    later = shop.command.json("campaigns", "workbook", refused["campaign_id"], "--out", "marked.xlsx", code=3)

    assert plan.json["annotated"] is None
    assert "nothing to write to marked.xlsx" in plan.err
    assert (refused["annotated"], refused["file"]) == (None, "picture.xlsx")
    assert "picture" in later["error"]["text"]
    assert not (shop.command.folder / "marked.xlsx").exists()


def fill(source: str, target: str, rows: dict) -> None:
    """Type rows into a workbook as a person does: every value is a text."""
    book = openpyxl.load_workbook(source)
    for row_number, row in rows.items():
        for column, value in enumerate(row, start=1):
            cell = book.worksheets[0].cell(row_number, column)
            cell.value = value
            if value is not None:
                cell.data_type = "s"
    book.save(target)
