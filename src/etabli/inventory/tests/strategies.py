"""Values an agent could send, from the plausible to the absurd."""

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
    st.sampled_from(["", "N/A", "-1", "12 GB", "4.5 Wh", "1970-01-01", "2019-54-17", "31/12/2020", "\x00a", "\ud800", "x" * 70_000]),
    st.sampled_from([-1, 2**70, -(2**70), 1e400, float("nan"), 10**5000]),
)  # fmt: skip
ROW = st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=5), ODD, max_size=5)
CONTENT = st.one_of(ODD, ROW, st.lists(ROW | ODD, max_size=3))
NAMES = st.sampled_from([*SECTIONS, "repository", "versionclient", ""])
