"""From the bytes of a mail to text that PostgreSQL takes, whatever charset is declared, wrong or absent."""

import codecs
import re
from functools import lru_cache

# Names seen in mails that Python does not know, or means otherwise: browsers read latin-1 as windows-1252
# (WHATWG Encoding §4.2), since its control characters are never meant and its quotes are.
_MEANT = {
    "iso-8859-1": "cp1252",
    "latin-1": "cp1252",
    "latin1": "cp1252",
    "ansi": "cp1252",
    "ks_c_5601-1987": "cp949",
    "iso-8859-8-i": "iso-8859-8",
    "x-sjis": "cp932",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "utf8mb4": "utf-8",
}
# Codecs of Python that are no charset of a mail, or whose cost is not in proportion to the text.
_REFUSED = {"idna", "punycode", "unicode_escape", "raw-unicode-escape", "undefined", "mbcs", "oem"}
_ASCII_ONLY = {"ascii", "us-ascii"}
_SAMPLE = 16_384
# What French and its neighbours write with in windows-1252: enough to prefer it to a guess.
_WESTERN = re.compile("[àâäáãåæçéèêëíîïìñóôöòõøœßúùûüÿÀÂÄÉÈÊËÎÏÔÖÙÛÜÇŒÆ’‘“”«»…–—€°²³µ·•§£ ¿¡´`]")
_CONTROLS = dict.fromkeys([*range(9), 0x0B, *range(0x0E, 0x20), 0x7F])


def text_of(content: bytes, declared: str = "") -> str:
    """The text of these bytes: the declared charset when it holds, else UTF-8, else the most likely one."""
    for name in (declared, "utf-8"):
        if codec := codec_of(name):
            try:
                return storable(content.decode(codec))
            except (UnicodeError, ValueError):
                continue
    return storable(_guessed(content, codec_of(declared)))


def storable(text: str) -> str:
    """Without what a text column refuses or a page cannot show: NUL and other controls, lone surrogates."""
    return text.translate(_CONTROLS).encode("utf-8", "replace").decode("utf-8")


@lru_cache(maxsize=256)
def codec_of(name: str) -> str:
    """The codec of a declared charset, empty when it is unknown."""
    wanted = name.strip("\"' \t").lower()[:40]
    wanted = _MEANT.get(wanted, wanted)
    try:
        found = codecs.lookup(wanted).name if wanted.isascii() and wanted.isprintable() else ""
        b"\0\0\0\0".decode(found or "undefined")  # a codec of bytes to bytes, such as zlib, is no charset
    except UnicodeDecodeError:
        pass
    except (LookupError, ValueError):
        return ""
    return "" if found in _REFUSED else _MEANT.get(found, found)


def _guessed(content: bytes, declared: str) -> str:
    if declared == "utf-8":
        read = content.decode("utf-8", "replace")
        if read.count("\N{REPLACEMENT CHARACTER}") * 10 < sum(not one.isascii() for one in read):
            return read  # a few bytes were cut or damaged on the way
    odd = [one for one in content[:_SAMPLE].decode("cp1252", "replace") if not one.isascii()]
    if sum(1 for one in odd if _WESTERN.match(one)) * 10 >= len(odd) * 9:
        return content.decode("cp1252", "replace")
    if declared and declared not in _ASCII_ONLY:
        return content.decode(declared, "replace")
    from charset_normalizer import from_bytes  # slow to import, and rarely needed

    best = from_bytes(content[:_SAMPLE], steps=4, chunk_size=512).best()
    return content.decode(best.encoding if best else "cp1252", "replace")
