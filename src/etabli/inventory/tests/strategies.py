"""Values an agent could send, from the plausible to the absurd."""

import json
import zlib

from hypothesis import strategies as st

from etabli.inventory.layout import SECTIONS

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=20,
)
KEYS = sorted({key for section in SECTIONS.values() for key in section.kinds})
ODD = st.one_of(
    ANY_JSON,
    st.sampled_from(
        [
            "",
            "N/A",
            "-1",
            "12 GB",
            "4.5 Wh",
            "1970-01-01",
            "2019-54-17",
            "31/12/2020",
            "\x00a",
            "\ud800",
            "x" * 70_000,
        ]
    ),
    st.sampled_from([-1, 2**70, -(2**70), 1e400, float("nan"), 10**5000]),
)
ROW = st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=5), ODD, max_size=5)
CONTENT = st.one_of(ODD, ROW, st.lists(ROW | ODD, max_size=3))
NAMES = st.sampled_from([*SECTIONS, "repository", "versionclient", ""])

# Requests: headers, types and bodies, from nearly right to noise.
HEADERS = st.dictionaries(
    st.sampled_from(
        ["GLPI-Agent-ID", "GLPI-Request-ID", "GLPI-Proxy-ID", "User-Agent", "Authorization", "Accept"]
    ),
    st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=60),
    max_size=4,
)
TYPES = st.sampled_from(
    [
        "application/x-compress-zlib",
        "application/json",
        "application/xml",
        "application/x-compress-br",
        "x",
        "multipart/form-data",
    ]
)
WORDS = st.sampled_from(
    [
        b"<REQUEST>",
        b"<QUERY>PROLOG</QUERY>",
        b'{"action":"',
        b'"contact"',
        b"}",
        b"inventory",
        b"\x00",
        b"<![CDATA[",
    ]
)
BODIES = st.one_of(
    st.binary(max_size=300),
    st.lists(WORDS | st.binary(max_size=8), max_size=8).map(b"".join),
    st.binary(max_size=200).map(zlib.compress),
    st.recursive(
        st.none() | st.integers() | st.text(max_size=20),
        lambda x: st.lists(x) | st.dictionaries(st.text(max_size=9), x),
        max_leaves=8,
    ).map(lambda value: json.dumps(value).encode()),
    st.fixed_dictionaries(
        {
            "action": st.sampled_from(["inventory", "contact", "get_params", "netdiscovery", "x"]),
            "deviceid": st.text(max_size=300),
        },
        optional={
            "content": st.dictionaries(st.text(max_size=9), st.text(max_size=9)),
            "tag": st.text(),
            "installed-tasks": st.text(),
        },
    ).map(lambda value: json.dumps(value).encode()),
)
