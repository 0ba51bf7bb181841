import gzip
import io
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etabli.inventory.wire import MAX_NODES, Codec, TooLarge, Unreadable, close_body, open_body

JSON = b'{"action":"contact"}'
XML = b"<REQUEST><QUERY>PROLOG</QUERY></REQUEST>"


def bare_deflate(content: bytes) -> bytes:
    deflater = zlib.compressobj(wbits=-15)
    return deflater.compress(content) + deflater.flush()


@pytest.mark.parametrize(
    ("content_type", "wire", "codec"),
    [
        ("application/x-compress-zlib", zlib.compress(JSON), Codec.ZLIB),
        ("Application/x-compress-zlib", zlib.compress(JSON), Codec.ZLIB),
        ("application/x-compress-zlib; charset=utf-8", zlib.compress(JSON), Codec.ZLIB),
        ("application/x-compress", zlib.compress(JSON), Codec.ZLIB_OCS),
        ("application/x-zlib", zlib.compress(JSON), Codec.ZLIB_SHORT),
        ("application/x-compress-gzip", gzip.compress(JSON, mtime=0), Codec.GZIP),
        ("application/x-gzip", gzip.compress(JSON, mtime=0), Codec.GZIP_SHORT),
        ("application/x-deflate", bare_deflate(JSON), Codec.DEFLATE_SHORT),
        ("application/x-compress-deflate", zlib.compress(JSON), Codec.DEFLATE),
        ("application/json", JSON, Codec.PLAIN),
        ("text/plain", JSON, Codec.PLAIN),
        ("", JSON, Codec.PLAIN),
    ],
)
def test_each_content_type_agents_use_is_opened(content_type: str, wire: bytes, codec: Codec) -> None:
    body = open_body(wire, content_type)
    assert (body.content, body.codec, body.syntax) == (JSON, codec, "json")


@pytest.mark.parametrize(
    ("content_type", "wire", "codec"),
    [
        ("application/json", zlib.compress(JSON), Codec.ZLIB),
        ("application/octet-stream", gzip.compress(JSON, mtime=0), Codec.GZIP),
        ("application/x-compress-zlib", gzip.compress(JSON, mtime=0), Codec.GZIP),
        ("application/x-compress-gzip", zlib.compress(JSON), Codec.ZLIB),
        ("application/x-compress-zlib", JSON, Codec.PLAIN),
    ],
)
def test_the_bytes_win_over_a_wrong_content_type(content_type: str, wire: bytes, codec: Codec) -> None:
    assert open_body(wire, content_type).codec is codec


def test_a_stream_is_read_like_bytes() -> None:
    assert open_body(io.BytesIO(zlib.compress(XML)), "application/x-compress").syntax == "xml"


@pytest.mark.parametrize("codec", [codec for codec in Codec if codec.family != "brotli"])
@pytest.mark.parametrize("payload", [JSON, XML])
def test_an_answer_is_closed_as_the_request_was(codec: Codec, payload: bytes) -> None:
    wire, content_type = close_body(payload, codec)
    assert open_body(wire, content_type).content == payload
    if codec is not Codec.PLAIN:
        assert content_type == codec.value
        assert wire != payload


def test_a_plain_answer_says_whether_it_is_json_or_xml() -> None:
    assert close_body(JSON, Codec.PLAIN) == (JSON, "application/json")
    assert close_body(XML, Codec.PLAIN) == (XML, "application/xml")


def test_a_zip_bomb_is_refused_without_being_inflated_whole() -> None:
    bomb = zlib.compress(b"[" + b"0" * 50_000_000, 9)
    with pytest.raises(TooLarge, match="once inflated"):
        open_body(bomb, "application/x-compress-zlib", limit=1_000_000)


def test_a_body_of_exactly_the_limit_is_read_and_one_byte_more_is_not() -> None:
    wire = zlib.compress(JSON)
    assert open_body(wire, "", limit=len(JSON), wire_limit=100).content == JSON
    with pytest.raises(TooLarge):
        open_body(wire, "", limit=len(JSON) - 1, wire_limit=100)


def test_the_compressed_size_is_capped_too_and_the_stream_left_unread() -> None:
    stream = io.BytesIO(b"{" + b" " * 10_000_000)
    with pytest.raises(TooLarge):
        open_body(stream, "application/json", wire_limit=1000)
    assert stream.tell() < 200_000


@pytest.mark.parametrize(
    "swarm",
    [b"[" + b"[]," * (MAX_NODES // 2 + 1) + b"0]", b"<REQUEST>" + b"<a/>" * MAX_NODES + b"</REQUEST>"],
)
def test_a_swarm_of_tiny_values_is_refused_before_it_is_parsed(swarm: bytes) -> None:
    with pytest.raises(TooLarge, match="values"):
        open_body(swarm, "")


@pytest.mark.parametrize(
    ("wire", "content_type", "words"),
    [
        (b"", "application/json", "no body"),
        (b"hello", "text/plain", "neither JSON nor XML"),
        (zlib.compress(b"hello"), "", "neither JSON nor XML"),
        (zlib.compress(JSON)[:-3], "", "cut short"),
        (zlib.compress(JSON * 50)[:20] + b"\xff" * 20, "", "damaged|cut short"),
        (b"\x8b\x09\x80" + b"x" * 30, "application/x-br", "Brotli"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_plain_sentence(
    wire: bytes, content_type: str, words: str
) -> None:
    with pytest.raises(Unreadable, match=words):
        open_body(wire, content_type)


def test_xml_that_is_not_utf8_is_read_as_latin_1() -> None:
    body = open_body("<REQUEST><TAG>Réseau</TAG></REQUEST>".encode("iso-8859-1"), "application/xml")
    assert "Réseau" in body.content.decode()
    assert body.repairs == ("The message is not UTF-8, it was read as ISO-8859-1.",)


def test_nul_bytes_and_broken_utf8_in_json_are_mended_and_told() -> None:
    body = open_body(b'{"tag":"a\x00b \xff\xfe"}', "application/json")
    assert body.content == '{"tag":"ab \ufffd\ufffd"}'.encode()
    assert len(body.repairs) == 2


def test_a_byte_order_mark_is_not_content() -> None:
    assert open_body(b"\xef\xbb\xbf" + JSON, "application/json").content == JSON


@settings(deadline=None, max_examples=300)
@given(
    st.one_of(
        st.binary(max_size=400), st.binary(max_size=400).map(zlib.compress), st.binary().map(gzip.compress)
    ),
    st.sampled_from([codec.value for codec in Codec] + ["application/json", "text/html", "\x00;;"]),
)
def test_any_bytes_open_or_fail_with_one_of_two_errors(wire: bytes, content_type: str) -> None:
    told, content = "", b""
    try:
        content = open_body(wire, content_type, limit=10_000).content
    except (TooLarge, Unreadable) as error:
        told = str(error)
    assert bool(content) != told.endswith(".")
    assert "\x00" not in content.decode()


def test_a_refusal_is_said_in_english_to_the_agent_and_in_their_language_to_people() -> None:
    with pytest.raises(TooLarge) as caught:
        open_body(b"x" * 11, "", limit=10)
    assert str(caught.value) == "The message is larger than 10 bytes. Raise the limit or send less."
    assert "%(limit)s" in caught.value.sentence.stored
    assert caught.value.sentence == str(caught.value)
