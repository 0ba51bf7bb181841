"""The text of a file whose encoding nobody told: Unicode when it says so or is valid, else the likeliest
page.
"""

FRENCH = set("éèêëàâçîïôùûüœÉÈÊÀÇ’€°")
PAGES = ("cp1252", "cp850", "mac_roman")  # Windows, DOS, classic Mac OS


def decode(content: bytes) -> str:
    """The text, without byte order mark nor NUL. Never fails: a wrong letter is seen in the preview."""
    return _decoded(content).replace("\0", "").removeprefix("\ufeff")


def _decoded(content: bytes) -> str:
    wide = _wide(content)
    if wide:
        return content.decode(wide, "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return _by_page(content)


def _wide(content: bytes) -> str:
    """UTF-16 or UTF-32, by their mark, or by the NUL that every other byte of an ordinary text is in them."""
    if content.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff")):
        return "utf-32"
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    head = content[:200]
    if len(head) >= 8 and head[1::2].count(0) > 0.8 * len(head[1::2]) and 0 not in head[::2]:
        return "utf-16-le"
    if len(head) >= 8 and head[::2].count(0) > 0.8 * len(head[::2]) and 0 not in head[1::2]:
        return "utf-16-be"
    return ""


def _by_page(content: bytes) -> str:
    """Old Mac files end their lines by a lone CR; otherwise the page that gives the most French letters."""
    sample = content[:1_000_000]
    if b"\n" not in sample and b"\r" in sample:
        return content.decode("mac_roman")
    high = bytes(byte for byte in sample if byte > 127)
    best = max(PAGES, key=lambda page: sum(c in FRENCH for c in high.decode(page, "replace")))
    try:
        return content.decode(best)
    except UnicodeDecodeError:  # cp1252 leaves five bytes without a meaning
        return content.decode("latin-1")
