"""Accounts and templates: what may be kept, what is refused with which words, and versions that never change."""

import pytest
import yaml

from domain.errors import ConfigurationError, InputRefusedError, NotFoundError, UsageError
from domain.template import Channel, Provider
from tasks.accounts import account_token, add_account, find_account, list_accounts, pause_account, resume_account
from tasks.templates import add_template, find_template, get_template, list_templates, preview


def test_an_account_is_found_by_its_name_and_by_its_platform_id(world):
    account = world.account(name="Acme", external_id="123456", page_id="654321", per_second=12.5)
    named_like_an_id = world.account(name="777", external_id="888")
    world.account(name="Other", external_id="777")

    assert find_account(world.connection, "Acme") == find_account(world.connection, "123456") == account
    assert (account.page_id, account.per_second, account.is_paused) == ("654321", 12.5, False)
    # One account's name may be another's id: the name wins.
    assert find_account(world.connection, "777") == named_like_an_id
    assert [one.name for one in list_accounts(world.connection)] == ["Other", "777", "Acme"]
    with pytest.raises(NotFoundError, match="known: Other, 777, Acme"):
        find_account(world.connection, "acme")


def test_a_name_and_a_platform_id_of_a_channel_are_taken_once(world):
    world.account(name="Acme", external_id="123456")

    for fields in ({"name": "Acme", "external_id": "1"}, {"name": "Other", "external_id": "123456"}):
        with pytest.raises(UsageError, match="already; `windowcast accounts list`"):
            world.account(**fields)
    # The same number on the other channel is somebody else.
    world.account(name="Other", external_id="123456", channel=Channel.INSTAGRAM)

    assert world.row_counts()["account"] == world.row_counts()["pace"] == 2


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        pytest.param({"name": "  "}, "needs a name", id="no name"),
        pytest.param({"external_id": "12a"}, "--external-id '12a'", id="letters in the id"),
        pytest.param({"external_id": "1" * 33}, "32 digits", id="a long id"),
        pytest.param({"external_id": ""}, "--external-id", id="no id"),
        pytest.param({"external_id": "١٢٣"}, "--external-id", id="digits of another script"),
        pytest.param({"page_id": "page"}, "--page-id 'page'", id="a page id that is none"),
        pytest.param({"credential": "EAAB-secret|token"}, "never the token itself", id="a token for a name"),
        pytest.param({"credential": ""}, "--credential", id="no credential"),
    ],
)
def test_an_account_of_the_wrong_shape_is_refused_before_the_database_is_asked(world_18, fields, word):
    with pytest.raises(UsageError, match=word):
        world_18.account(**fields)

    assert world_18.row_counts()["account"] == 0


def test_a_paused_account_says_why_until_it_is_resumed(world):
    account = world.account()

    pause_account(world.connection, account, why="the token is dead")
    pause_account(world.connection, account, why="a later reason")
    paused = find_account(world.connection, account.name)
    resume_account(world.connection, account)

    assert (paused.is_paused, paused.pause_reason) == (True, "the token is dead")
    assert find_account(world.connection, account.name) == account


def test_a_token_is_read_from_the_environment_and_its_absence_named(world_18, monkeypatch):
    account = world_18.account(credential="WINDOWCAST_TEST_TOKEN")
    elsewhere = add_account(
        world_18.connection,
        "Elsewhere",
        channel=Channel.MESSENGER,
        provider=Provider.CHATAPP,
        external_id="9",
        credential="KEY",
        per_second=None,
    )
    monkeypatch.setenv("WINDOWCAST_TEST_TOKEN", "secret")

    assert account_token(account) == "secret"
    monkeypatch.delenv("WINDOWCAST_TEST_TOKEN")
    with pytest.raises(ConfigurationError, match="WINDOWCAST_TEST_TOKEN"):
        account_token(account)
    with pytest.raises(ConfigurationError, match="chatapp, which cannot send yet"):
        account_token(elsewhere)


def fields_of(**changes):
    fields = {
        "code": "spring",
        "language": "en",
        "channel": "messenger",
        "name": "Spring",
        "content": {"kind": "text", "text": "Hello $(name)!"},
    }
    return {key: value for key, value in {**fields, **changes}.items() if value is not ...}


def keep(world, tmp_path, content):
    path = tmp_path / "template.yaml"
    if isinstance(content, dict):
        content = yaml.safe_dump(content, allow_unicode=False)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return add_template(world.connection, path)


@pytest.mark.parametrize(("kind", "is_media"), [("audio", True), ("video", True), ("image", False), ("file", False)])
def test_a_media_template_has_no_variables_and_audio_and_video_take_their_lane(world_18, tmp_path, kind, is_media):
    content = {"kind": kind, "url": "https://cdn.test/spring"}

    template, is_new = keep(world_18, tmp_path, fields_of(content=content))

    assert is_new
    assert (template.columns, template.content.is_media) == (("user_id",), is_media)
    assert template.content.rendered({}) == content
    assert find_template(world_18.connection, template.code, language=template.language) == template


def test_a_template_is_kept_in_versions_and_the_same_content_is_no_new_one(world, tmp_path):
    first, is_new = keep(world, tmp_path, fields_of())
    same, is_same_new = keep(world, tmp_path, fields_of())
    texts = {"kind": "text", "text": "Dear $(name), $(city)!"}
    second, _ = keep(world, tmp_path, fields_of(content=texts))
    back, is_back_new = keep(world, tmp_path, fields_of())
    german, _ = keep(world, tmp_path, fields_of(language="de"))

    assert (is_new, is_same_new, same) == (True, False, first)
    assert (second.version, second.columns) == (2, ("user_id", "name", "city"))
    # What went back to the first content is the third version: campaigns name the one they were made with.
    assert (back.version, is_back_new, german.version) == (3, True, 1)
    assert find_template(world.connection, "spring", language="en") == back
    assert find_template(world.connection, "spring", language="en", version=1) == first
    assert get_template(world.connection, second.template_id) == second
    with pytest.raises(NotFoundError, match=r"spring in fr \(known: spring \(de\), spring \(en\)\)"):
        find_template(world.connection, "spring", language="fr")


def test_another_name_or_channel_is_a_new_version_too(world_18, tmp_path):
    keep(world_18, tmp_path, fields_of())

    named, _ = keep(world_18, tmp_path, fields_of(name="Spring again"))
    moved, _ = keep(world_18, tmp_path, fields_of(name="Spring again", channel="instagram"))

    assert (named.version, moved.version) == (2, 3)
    assert list_templates(world_18.connection, channel=Channel.MESSENGER) == []
    assert list_templates(world_18.connection, channel=Channel.INSTAGRAM, language="en") == [moved]
    assert list_templates(world_18.connection, language="de") == []


@pytest.mark.parametrize(
    ("content", "word"),
    [
        pytest.param("a: [", "no YAML that can be read", id="broken YAML"),
        pytest.param(b"\xff\xfe", "no YAML that can be read", id="no UTF-8"),
        pytest.param("!!python/object/apply:os.getcwd []", "no YAML that can be read", id="a tag that would run"),
        pytest.param("- 1", "it needs the keys", id="a list"),
        pytest.param("", "it needs the keys", id="nothing"),
        pytest.param(fields_of(name=...), "the key name is missing", id="a missing key"),
        pytest.param(fields_of(colour="red"), "there is no key colour", id="a key too many"),
        pytest.param(fields_of(code=5), "code must be a text in quotes", id="a number for a code"),
        pytest.param(
            "language: no\n" + yaml.safe_dump(fields_of(language=...)),
            "language must be a text",
            id="no, which is false",
        ),
        pytest.param(fields_of(code=" "), "code must be a text", id="a blank code"),
        pytest.param(fields_of(name="a\x00b"), "NUL", id="NUL in a name"),
        pytest.param(fields_of(channel="telegram"), "channel must be messenger or instagram", id="another channel"),
        pytest.param(fields_of(content="Hello"), "content.kind must be one of text", id="content without a kind"),
        pytest.param(fields_of(content={"kind": "cards"}), "content.kind must be one of text", id="a later kind"),
        pytest.param(fields_of(content={"kind": "video"}), "content.url must be a text", id="media without an address"),
        *(
            pytest.param(fields_of(content={"kind": "video", "url": url}), "must be an https address", id=url)
            for url in (
                "http://cdn.test/a.mp4",
                "https://",
                "https://a:b@cdn.test/a.mp4",
                "https://cdn.test/$(name).mp4",
            )
        ),
        pytest.param(
            fields_of(content={"kind": "image", "url": "https://cdn.test/a.png", "text": "b"}), "no key text", id="both"
        ),
        pytest.param(fields_of(content={"kind": "text"}), "content.text must be a text", id="no text"),
        pytest.param(fields_of(content={"kind": "text", "text": " "}), "not empty", id="a blank text"),
        pytest.param(fields_of(content={"kind": "text", "text": "a", "image": "b"}), "no key image", id="more content"),
        pytest.param(fields_of(content={"kind": "text", "text": "a\x00"}), "NUL", id="NUL in the text"),
        pytest.param(
            r'{content: {kind: text, text: "\ud800"}, ' + "code: a, language: en, channel: messenger, name: b}",
            "half",
            id="half a character",
        ),
        pytest.param(
            fields_of(content={"kind": "text", "text": "Hello $(first name)"}),
            "which is no variable",
            id="a variable that is none",
        ),
        pytest.param(
            fields_of(content={"kind": "text", "text": "$(user_id)"}),
            "a column of that name",
            id="a variable named like our column",
        ),
        pytest.param(
            fields_of(content={"kind": "text", "text": "x" * 2000}),
            "2000 characters without its variables",
            id="a long text",
        ),
        pytest.param(
            fields_of(channel="instagram", content={"kind": "text", "text": "é" * 501}),
            "1002 bytes",
            id="a long text on instagram",
        ),
    ],
)
def test_a_file_that_is_no_template_is_refused_with_the_key_and_keeps_nothing(world_18, tmp_path, content, word):
    with pytest.raises(InputRefusedError, match=word):
        keep(world_18, tmp_path, content)

    assert world_18.row_counts()["template"] == 0


def test_a_template_file_that_is_not_there_is_named(world_18, tmp_path):
    with pytest.raises(NotFoundError, match=r"none\.yaml cannot be read"):
        add_template(world_18.connection, tmp_path / "none.yaml")


def test_a_preview_puts_values_in_once_and_names_what_does_not_fit(world_18, tmp_path):
    template = world_18.template(tmp_path, text="Hello $(name), $(name) of $(city)!")

    assert preview(template, {"name": "$(city)", "city": "Rome"}) == "Hello $(city), $(city) of Rome!"
    for values, word in (
        ({"name": "Ann", "city": ""}, "needs a value for city"),
        ({"name": "Ann", "city": "Rome", "age": "5"}, "has no variable age"),
        ({"name": "x" * 1000, "city": "Rome"}, "has 2017 characters, and at most 1999"),
    ):
        with pytest.raises(InputRefusedError, match=word):
            preview(template, values)


def test_a_platform_id_on_two_channels_names_neither_account(world):
    world.account(name="Page", external_id="17841452691600098")
    world.account(name="Insta", external_id="17841452691600098", channel=Channel.INSTAGRAM)

    with pytest.raises(UsageError, match="Page and Insta"):
        find_account(world.connection, "17841452691600098")

    assert find_account(world.connection, "Insta").channel is Channel.INSTAGRAM
