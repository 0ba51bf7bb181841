"""What the texts of a column mean: days, numbers and yes or no, told by the whole column when one cell
cannot.

Each reader raises ``ValueError`` with a sentence for a text it does not understand: nothing is guessed
silently.
"""

import re
from collections.abc import Iterable
from datetime import date, datetime, timedelta

from django.utils.translation import gettext as _

from ...text import plain

DAMAGED = re.compile(r"[-+]?\d(?:[.,]\d+)?E\+\d{1,3}", re.I)
"""What a spreadsheet makes of a long number: the digits it does not show are lost when it saves as text."""
SPREADSHEET_ERRORS = {
    "#n/a",
    "#ref!",
    "#value!",
    "#div/0!",
    "#name?",
    "#num!",
    "#null!",
    "#nom?",
    "#valeur!",
    "#nul!",
}
YES = {"1", "oui", "yes", "true", "vrai", "x", "o", "y", "on"}
NO = {"0", "non", "no", "false", "faux", "n", "off", "-"}
_PARTS = re.compile(r"(\d{1,2})[/.\- ](\d{1,2})[/.\- ](\d{4}|\d{2})(?!\d)")
_ISO = re.compile(r"(\d{4})[/.\-](\d{1,2})[/.\-](\d{1,2})(?!\d)")
_NAMED = re.compile(
    r"(?:(\d{1,2})(?:er|st|nd|rd|th)?[ \-./]+([a-z]{3,10})|([a-z]{3,10})\.?[ \-]+(\d{1,2})),?"
    r"[ \-./]+(\d{4}|\d{2})"
)
_MONTHS = [
    *(("jan", 1), ("fev", 2), ("feb", 2), ("mar", 3), ("avr", 4), ("apr", 4), ("mai", 5), ("may", 5)),
    *(("juin", 6), ("jun", 6), ("juil", 7), ("jul", 7), ("aou", 8), ("aug", 8), ("sep", 9), ("oct", 10)),
    *(("nov", 11), ("dec", 12)),
]
FIRST_SERIAL, LAST_SERIAL = 20_000, 80_000
"""Excel's day numbers of 1954 and 2119: other whole numbers are no dates."""
EXCEL_ZERO = date(1899, 12, 30)


def is_yes(text: str) -> bool:
    """Whether a word says yes."""
    word = plain(text)
    if word in YES or word in NO:
        return word in YES
    raise ValueError(_("“%(text)s” is neither yes nor no.") % {"text": text})


class Days:
    """Reads the days of a column. ``order``: ``dmy`` or ``mdy``; ``sure``: whether the column told it."""

    def __init__(self, texts: Iterable[str], order: str = "", usual: str = "dmy") -> None:
        told = [found for text in texts if (found := _PARTS.match(text))]
        day_first = sum(int(found[1]) > 12 for found in told)
        month_first = sum(int(found[2]) > 12 for found in told)
        self.order = order or ("mdy" if month_first > day_first else "dmy" if day_first else usual)
        self.sure = bool(order or day_first or month_first or not told)

    def read(self, text: str) -> str:
        """The ISO day."""
        try:
            return self._day(text.strip()).isoformat()
        except (ValueError, OverflowError):
            raise ValueError(
                _("“%(text)s” is no date that is understood here. Write it as 2027-03-31.") % {"text": text}
            )

    def _day(self, text: str) -> date:
        if found := _ISO.match(text):
            return date(int(found[1]), int(found[2]), int(found[3]))
        if found := _PARTS.match(text):
            first, second = int(found[1]), int(found[2])
            day, month = (first, second) if self.order == "dmy" else (second, first)
            return date(_year(found[3]), month, day)
        if re.fullmatch(r"\d{5}(?:[.,]\d+)?", text) and FIRST_SERIAL <= int(text[:5]) <= LAST_SERIAL:
            return EXCEL_ZERO + timedelta(days=int(text[:5]))
        if re.fullmatch(r"\d{8}", text):
            return datetime.strptime(text, "%Y%m%d").date()  # noqa: DTZ007  (a day has no zone)
        if found := _NAMED.search(plain(text)):
            return date(_year(found[5]), _month(found[2] or found[3]), int(found[1] or found[4]))
        raise ValueError


def _year(text: str) -> int:
    """Two digits: 1970 to 2069, as POSIX does (``strptime``, %y)."""
    year = int(text)
    return year if len(text) == 4 else 2000 + year if year < 69 else 1900 + year


def _month(word: str) -> int:
    found = next((number for name, number in _MONTHS if word.startswith(name)), None)
    if found is None:
        raise ValueError
    return found


_GROUPED = re.compile(r"[-+]?(?:\d*|\d{1,3}(?:,\d{3})+|\d{1,3}(?:\.\d{3})+)(?:[eE][-+]?\d+)?")


class Numbers:
    """Reads the numbers of a column, money included. ``places`` is how many decimals the field keeps."""

    _SPACES = re.compile(r"[\s\u00a0\u202f'’_]")
    _AROUND = re.compile(
        r"^(?:[€$£¥]|eur|euros?|usd|us\$|cad|ca\$|gbp|chf|fr\.?|ht)?(.*?)(?:[€$£¥]|eur|euros?|usd|cad|gbp|chf|f|fr\.?)?(?:ht|/ht|h\.t\.)?$",
        re.I,
    )
    """A currency before or after; a price said to include tax is refused, and so is « 12 k€ »."""

    def __init__(self, texts: Iterable[str], places: int | None = 2) -> None:
        self.places = places
        decimal = {sign for text in texts if (sign := self._decimal_sign(self._bare(text)))}
        self.sign = decimal.pop() if len(decimal) == 1 else ""

    def read(self, text: str) -> str:
        """The number with a point, as a form wants it. A currency around it is left out."""
        bare = self._bare(text)
        if not re.fullmatch(r"[-+]?[\d.,]*\d[\d.,]*(?:[eE][-+]?\d{1,2})?", bare):
            raise ValueError(_("“%(text)s” is no number.") % {"text": text})
        sign = self._decimal_sign(bare) or self.sign
        if (
            not sign
            and bare.count(",") + bare.count(".") == 1
            and self.places is not None
            and self.places >= 3
        ):
            sign = "," if "," in bare else "."  # “45,750”: three decimals where the field keeps as many
        whole, _sign, rest = bare.partition(sign) if sign else (bare, "", "")
        if not _GROUPED.fullmatch(whole) or not re.fullmatch(r"\d*(?:[eE][-+]?\d+)?", rest):
            raise ValueError(_("“%(text)s” is no number.") % {"text": text})
        return whole.replace(",", "").replace(".", "") + (f".{rest}" if rest else "")

    def _bare(self, text: str) -> str:
        around = self._AROUND.match(self._SPACES.sub("", text))
        bare = around[1] if around else ""
        negative = bare.startswith("(") and bare.endswith(")")
        return f"-{bare[1:-1]}" if negative else bare

    def _decimal_sign(self, bare: str) -> str:
        """The decimal sign when this number alone shows it: the last of two, or not before three digits."""
        last = max(bare.rfind(","), bare.rfind("."))
        if last < 0:
            return ""
        sign = bare[last]
        if bare.count(sign) > 1:  # 1.234.567
            return {",": ".", ".": ","}[sign] if {",", "."} <= set(bare) else ""
        if {",", "."} <= set(bare) or len(bare) - last - 1 != 3:
            return sign
        return ""
