"""Folding what a reply repeats: the quoted mail, the signature. Folding only: the parts joined are the text.

Rules, from the strongest: nothing is ever removed; when answers may be among the quoted lines, or when
nothing else would be left, everything is shown; a quotation is folded when a mail program announced it, a
signature when it is at the end. Each line is looked at with a bounded number of its neighbours, so the time
is linear.
"""

from dataclasses import dataclass
from typing import Any

from . import quotes
from .quotes import Role, plain

REPLY, QUOTE, SIGNATURE = "reply", "quote", "signature"
_ATTRIBUTION_LINES = 4
_HEADER_LINES = 12
_UNANNOUNCED = 3  # quoted lines without announcement: fewer may be a command or a log that the writer pasted
_SIGNATURE_LINES = 14
_SIGNATURE_LENGTH = 120
_MOST_LINES = 20_000  # nobody answers at such length: a log, or an attack
_TAIL = 40  # how far from the end a signature may begin


@dataclass(frozen=True)
class Part:
    """Some lines of the text, as they are; ``kind`` is reply, quote or signature."""

    kind: str
    text: str
    folded: bool

    def as_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "text": self.text}


@dataclass(frozen=True)
class Trimmed:
    """A text in parts that join to it exactly."""

    parts: tuple[Part, ...]

    @property
    def visible(self) -> str:
        """What is shown without unfolding."""
        return "".join(part.text for part in self.parts if not part.folded).strip()

    @property
    def folded(self) -> tuple[Part, ...]:
        return tuple(part for part in self.parts if part.folded)


def trim(text: str, *, forwarded: bool = False) -> Trimmed:
    """Fold what the text repeats or signs with. A forwarded mail repeats nothing: it is what it quotes."""
    lines = text.splitlines(keepends=True)
    if forwarded or len(lines) > _MOST_LINES:
        return Trimmed((Part(REPLY, text, folded=False),))
    kinds = _kinds([plain(line) for line in lines])
    shown = "".join(line for line, kind in zip(lines, kinds, strict=True) if kind == REPLY)
    if _among(kinds) or quotes.answers_below(plain_text(shown)):
        kinds = [REPLY if kind == QUOTE else kind for kind in kinds]
    elif not any(one.isalnum() for one in shown):
        kinds = [REPLY] * len(lines)
    return Trimmed(_parts(lines, kinds))


def plain_text(text: str) -> str:
    """The beginning of a text, its lines made plain and joined."""
    return " ".join(plain(line) for line in text[:8000].splitlines())


def _kinds(lines: list[str]) -> list[str]:
    kinds = [REPLY] * len(lines)
    at = 0
    while at < len(lines):
        end, kind = _block(lines, at)
        kinds[at:end] = [kind] * (end - at)
        at = end
    _widen(lines, kinds)
    _sign(lines, kinds)
    return kinds


def _block(lines: list[str], at: int) -> tuple[int, str]:
    """The line after the block that begins here, and what this block is."""
    line = lines[at]
    if quotes.forwarded(line):  # said for the first time: that is what the mail is for
        return len(lines), REPLY
    if line.startswith(">"):
        end = _marked(lines, at)
        many = sum(1 for one in lines[at : min(end, at + 50)] if one.strip("> ")) >= _UNANNOUNCED
        return end, QUOTE if many or quotes.attribution(line.lstrip("> ")) else REPLY
    if announced := _announced(lines, at):
        following = _next(lines, at + announced)
        # What is marked line by line ends with its marks; otherwise the rest of the mail is the quoted one.
        return _marked(lines, following) if _starts(lines, following, ">") else len(lines), QUOTE
    return at + 1, REPLY


def _announced(lines: list[str], at: int) -> int:
    """How many lines announce, from here, what is quoted under them."""
    line = lines[at]
    if quotes.original(line) or _header_block(lines, at):
        return 1
    if count := _attribution(lines, at):
        return count
    for count in (1, 2):  # in another language, on one line or two, only when marked lines follow
        said = quotes.announces(" ".join(lines[at : at + count])) and (count == 1 or quotes.dated(line))
        if said and _starts(lines, _next(lines, at + count), ">"):
            return count
    return 0


def _attribution(lines: list[str], at: int) -> int:
    """How many lines say "Le … a écrit :" from here: mail programs cut them."""
    if not quotes.opens_attribution(lines[at]):
        return 0
    for count in range(1, _ATTRIBUTION_LINES + 1):
        if not lines[min(at + count, len(lines)) - 1]:
            return 0
        if quotes.attribution(" ".join(lines[at : at + count])):
            return count
    return 0


def _header_block(lines: list[str], at: int) -> bool:
    """Whether the headers of a quoted mail begin here: three when they give an address, else the four usual
    ones (people also write "De : Paris, À : Lyon").
    """
    if quotes.header(lines[at]) in (None, Role.CC):
        return False
    roles: dict[Role, str] = {}
    for line in lines[at : at + _HEADER_LINES]:
        if not line and len(roles) > 1:
            break
        if role := quotes.header(line):
            roles.setdefault(role, line)
    addressed = len(roles) >= 3 and "@" in roles.get(Role.FROM, "")
    return addressed or {Role.FROM, Role.DATE, Role.TO, Role.SUBJECT} <= roles.keys()


def _marked(lines: list[str], at: int) -> int:
    """The line after marked ones, blank lines among them included."""
    end = at
    for number in range(at, len(lines)):
        if lines[number].startswith(">"):
            end = number + 1
        elif lines[number]:
            break
    return end


def _next(lines: list[str], at: int) -> int:
    """The next line that is not blank, among the near ones."""
    return next((number for number in range(at, min(at + 3, len(lines))) if lines[number]), at)


def _starts(lines: list[str], at: int, mark: str) -> bool:
    return at < len(lines) and lines[at].startswith(mark)


def _widen(lines: list[str], kinds: list[str]) -> None:
    """The line drawn above a quotation, and the blank lines around it, belong to it."""
    for at in range(len(lines) - 1, 0, -1):
        alone = not lines[at - 1] or quotes.rule(lines[at - 1])
        if kinds[at] == QUOTE and kinds[at - 1] == REPLY and alone:
            kinds[at - 1] = QUOTE
    for at in range(1, len(lines)):
        if kinds[at - 1] == QUOTE and not lines[at]:
            kinds[at] = QUOTE


def _among(kinds: list[str]) -> bool:
    """Whether the writer's words come after quoted ones: they may answer them one by one."""
    return QUOTE in kinds and REPLY in kinds[kinds.index(QUOTE) :]


def _sign(lines: list[str], kinds: list[str]) -> None:
    """Mark the signature at the end of the writer's own words, and what telephones sign with anywhere."""
    own = [at for at, kind in enumerate(kinds) if kind == REPLY]
    for at in own:
        if quotes.mobile(lines[at]):
            kinds[at] = SIGNATURE
    own = [at for at in own if kinds[at] == REPLY][-_TAIL:]
    for place, at in enumerate(own):
        if _signature(lines, own[place:]):
            for one in own[place:]:
                kinds[one] = SIGNATURE
            return
        if kinds[at] == REPLY and quotes.notice(lines[at]):
            for one in own[place:]:
                kinds[one] = SIGNATURE
            return


def _signature(lines: list[str], own: list[int]) -> bool:
    first = lines[own[0]]
    if first != "--" and not quotes.sign_off(first):
        return False
    rest = [lines[at] for at in own[1:] if lines[at]]
    ended = next((place for place, line in enumerate(rest) if quotes.notice(line)), len(rest))
    names = rest[:ended]
    asks = any(line.endswith("?") or quotes.added(line) for line in names)
    return (
        len(names) <= _SIGNATURE_LINES and all(len(line) <= _SIGNATURE_LENGTH for line in names) and not asks
    )


def _parts(lines: list[str], kinds: list[str]) -> tuple[Part, ...]:
    parts: list[Part] = []
    gathered: list[str] = []
    for at, (line, kind) in enumerate(zip(lines, kinds, strict=True)):
        gathered.append(line)
        if at + 1 == len(lines) or kinds[at + 1] != kind:
            parts.append(Part(kind, "".join(gathered), kind != REPLY))
            gathered = []
    return tuple(parts)
