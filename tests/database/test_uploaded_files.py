"""The uploaded file: kept as it came, in the transaction that makes its messages, and read back to the byte."""

from factories import TIMING, user_id, write_table
from sql import query
from tasks.database import broken_promises
from tasks.intake import plan_submission
from tasks.uploads import keep_content, read_content

HEADER = ("user_id", "name")


def upload_of(world, campaign_id):
    return world.connection.execute(query("uploads/find"), {"campaign_id": campaign_id}).fetchone()


def submission_of(world, folder, file):
    return world.submission(world.account(), world.template(folder), file=file)


def test_the_bytes_of_a_file_are_kept_with_its_campaign_and_read_back_as_they_came(world, tmp_path):
    file = write_table(tmp_path / "list.xlsx", [HEADER, *((user_id(n), f"Name {n}") for n in range(50))])

    campaign_id = world.take_in(submission_of(world, tmp_path, file), tmp_path)

    upload = upload_of(world, campaign_id)
    kept = b"".join(read_content(world.connection, upload["upload_id"], byte_count=upload["kept_bytes"]))
    assert kept == file.read_bytes()
    assert (upload["file_name"], upload["row_count"]) == ("list.xlsx", 50)
    assert upload["header_cells"] == ["A1", "B1"]


def test_a_file_of_many_blocks_is_read_back_in_the_right_order(world, tmp_path):
    file = write_table(tmp_path / "list.xlsx", [HEADER, (user_id(1), "Ann")])
    upload_id = upload_of(world, world.take_in(submission_of(world, tmp_path, file), tmp_path))["upload_id"]
    large = tmp_path / "large"
    large.write_bytes(b"".join(number.to_bytes(4, "big") for number in range(700_000)))
    world.connection.execute("DELETE FROM upload_file WHERE upload_id = %s", [upload_id])

    keep_content(world.connection, upload_id, content=large)

    assert b"".join(read_content(world.connection, upload_id, byte_count=2_800_000)) == large.read_bytes()


def test_a_file_that_cannot_be_read_is_still_named_with_its_hash_but_its_bytes_are_not_kept(world, tmp_path):
    file = tmp_path / "picture.xlsx"
    file.write_bytes(b"\x89PNG\r\n and so on")

    campaign_id = world.take_in(submission_of(world, tmp_path, file), tmp_path)

    upload = upload_of(world, campaign_id)
    assert (upload["file_name"], upload["row_count"], upload["kept_bytes"]) == ("picture.xlsx", 0, None)
    assert broken_promises(world.connection) == {}


def test_a_check_keeps_no_bytes(world, tmp_path):
    file = write_table(tmp_path / "list.xlsx", [HEADER, (user_id(1), "Ann")])
    before = world.row_counts()

    plan_submission(world.connection, submission_of(world, tmp_path, file), folder=tmp_path, timing=TIMING)

    after = world.row_counts()
    assert after["upload_file"] == before["upload_file"] == 0


def test_the_bytes_go_with_their_campaign(world, tmp_path):
    file = write_table(tmp_path / "list.xlsx", [HEADER, (user_id(1), "Ann")])
    campaign_id = world.take_in(submission_of(world, tmp_path, file), tmp_path)

    world.connection.execute("DELETE FROM message_list WHERE campaign_id = %s", [campaign_id])
    world.connection.execute("DELETE FROM campaign WHERE campaign_id = %s", [campaign_id])

    assert world.row_counts()["upload_file"] == 0
