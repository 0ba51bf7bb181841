"""The priority of a ticket, from 1 (everything stops for it) to 5, and the sentence that says why.

Impact and urgency choose a cell of the organisation's matrix; the criticality of the asset or service shifts
it; what keeps coming back, and a priority person, raise it by one each. An agent may decide otherwise, with a
reason.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db.models import IntegerChoices
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

HIGHEST, LOWEST = 1, 5
WINDOW = timedelta(days=30)
"""How far back a ticket makes another one recurrent."""


class Impact(IntegerChoices):
    """How many people cannot work."""

    PERSON = 1, gettext_lazy("one person")
    TEAM = 2, gettext_lazy("a team")
    SITE = 3, gettext_lazy("a site")
    ALL = 4, gettext_lazy("everybody")


class Urgency(IntegerChoices):
    """How long they can do without."""

    LOW = 1, gettext_lazy("low")
    NORMAL = 2, gettext_lazy("normal")
    HIGH = 3, gettext_lazy("high")


class Criticality(IntegerChoices):
    """How much hangs on the asset or service; the numbers are those of an asset's criticality."""

    LOW = 1, gettext_lazy("low")
    NORMAL = 2, gettext_lazy("normal")
    HIGH = 3, gettext_lazy("high")
    VITAL = 4, gettext_lazy("vital")


class BadMatrix(ValueError):
    """The matrix cannot give priorities; the sentence says what to mend."""


type Grid = tuple[tuple[int, int, int], ...]
"""A line for each impact, from one person to all; in it, a priority for each urgency from low to high."""

USUAL: Grid = ((5, 4, 3), (4, 3, 2), (3, 2, 1), (2, 1, 1))
USUAL_SHIFTS = (1, 0, -1, -2)


@dataclass(frozen=True)
class Recurrence:
    """How many earlier tickets about the same asset, person or category came within :data:`WINDOW`."""

    asset: int = 0
    person: int = 0
    category: int = 0


USUAL_RECURRENCE = Recurrence(asset=2, person=3, category=10)


@dataclass(frozen=True)
class Matrix:
    """How an organisation gives priorities; each field has a default that works. Raises BadMatrix.

    shifts: what each criticality adds, from low to vital; a negative number is more pressing. recurrence:
    from how many earlier tickets on a ticket is recurrent, 0 for never. vip: whether priority people count.
    """

    cells: Grid = USUAL
    shifts: tuple[int, ...] = USUAL_SHIFTS
    recurrence: Recurrence = USUAL_RECURRENCE
    vip: bool = True

    def __post_init__(self) -> None:
        if len(self.cells) != len(Impact) or any(len(line) != len(Urgency) for line in self.cells):
            raise BadMatrix(_("The matrix has four lines (impacts) of three priorities (urgencies)."))
        if any(not HIGHEST <= cell <= LOWEST for line in self.cells for cell in line):
            raise BadMatrix(_("A priority is a number from 1 (the most pressing) to 5."))
        if not all(map(_descending, [*self.cells, *zip(*self.cells, strict=True)])):
            raise BadMatrix(_("A wider impact or a greater urgency cannot make a ticket less pressing."))
        if len(self.shifts) != len(Criticality) or not _descending(self.shifts):
            raise BadMatrix(
                _("Each criticality has a shift, and a greater one cannot make a ticket less pressing.")
            )
        if min(self.recurrence.asset, self.recurrence.person, self.recurrence.category) < 0:
            raise BadMatrix(_("A number of earlier tickets is 0 (never) or more."))

    def cell(self, impact: Impact, urgency: Urgency) -> int:
        return self.cells[impact - 1][urgency - 1]


def _descending(numbers: Iterable[int]) -> bool:
    listed = list(numbers)
    return listed == sorted(listed, reverse=True)


@dataclass(frozen=True)
class Priority:
    """The level of a ticket and where it comes from. `reason` is told in the language of whoever reads it.

    computed: what the matrix gave. because: why an agent decided otherwise; `by` is their name.
    """

    level: int
    computed: int
    impact: Impact
    urgency: Urgency
    criticality: Criticality
    recurrence: Recurrence
    vip: bool
    because: str = ""
    by: str = ""

    @property
    def reason(self) -> str:
        """Why this level, in one sentence."""
        if self.because:
            told = {"level": self.level, "computed": self.computed, "by": self.by, "because": self.because}
            return _("Priority %(level)s, decided by %(by)s instead of %(computed)s: %(because)s.") % told
        clauses = [
            _("impact (%(impact)s)") % {"impact": self.impact.label},
            _("urgency (%(urgency)s)") % {"urgency": self.urgency.label},
            *self._shifts(),
        ]
        return _("Priority %(level)s: %(clauses)s.") % {"level": self.level, "clauses": ", ".join(clauses)}

    def _shifts(self) -> list[str]:
        found = _recurrence_words(self.recurrence)
        if self.criticality != Criticality.NORMAL:
            found.insert(0, _("criticality (%(criticality)s)") % {"criticality": self.criticality.label})
        if self.vip:
            found.append(_("priority person"))
        return found


def _recurrence_words(found: Recurrence) -> list[str]:
    told = (
        (found.asset, ngettext("%(count)s earlier ticket about this asset in %(days)s days",
                               "%(count)s earlier tickets about this asset in %(days)s days", found.asset)),
        (found.person, ngettext("%(count)s earlier ticket from this person in %(days)s days",
                                "%(count)s earlier tickets from this person in %(days)s days", found.person)),
        (found.category, ngettext("%(count)s earlier ticket of this category in %(days)s days",
                                  "%(count)s earlier tickets of this category in %(days)s days",
                                  found.category)),
    )  # fmt: skip
    return [text % {"count": count, "days": WINDOW.days} for count, text in told if count]


def _recurrent(found: Recurrence, enough: Recurrence) -> Recurrence:
    """The numbers that reach what the organisation calls recurrent; the others become 0."""

    def kept(number: int, least: int) -> int:
        return number if 0 < least <= number else 0

    return Recurrence(
        kept(found.asset, enough.asset),
        kept(found.person, enough.person),
        kept(found.category, enough.category),
    )


def prioritise(
    matrix: Matrix,
    *,
    impact: Impact,
    urgency: Urgency,
    criticality: Criticality = Criticality.NORMAL,
    recurrence: Recurrence = Recurrence(),
    vip: bool = False,
) -> Priority:
    """The priority a matrix gives. Only what counted is kept in it, so that its reason is the true one."""
    counts = _recurrent(recurrence, matrix.recurrence)
    raised = (counts != Recurrence()) + (vip and matrix.vip)
    level = matrix.cell(impact, urgency) + matrix.shifts[criticality - 1] - raised
    level = min(max(level, HIGHEST), LOWEST)
    return Priority(level, level, impact, urgency, criticality, counts, vip and matrix.vip)


def decide(priority: Priority, level: int, *, because: str, by: str) -> Priority:
    """The priority an agent chooses instead. Raises ValueError without a reason, or outside 1 to 5."""
    if not because.strip():
        raise ValueError(_("Say why this priority: the next one to read the ticket will wonder."))
    if not HIGHEST <= level <= LOWEST:
        raise ValueError(_("A priority is a number from 1 (the most pressing) to 5."))
    return replace(priority, level=level, because=because.strip().rstrip("."), by=by)


@dataclass(frozen=True)
class Subject:
    """What a ticket is about, by keys; what is absent resembles nothing."""

    at: datetime
    asset: int | None = None
    person: int | None = None
    category: int | None = None


def recurrence(subject: Subject, earlier: Iterable[Subject]) -> Recurrence:
    """How often the asset, the person and the category of a ticket came within :data:`WINDOW` before it."""
    near = [one for one in earlier if subject.at - WINDOW <= one.at < subject.at]
    return Recurrence(
        asset=sum(one.asset == subject.asset for one in near) if subject.asset is not None else 0,
        person=sum(one.person == subject.person for one in near) if subject.person is not None else 0,
        category=sum(one.category == subject.category for one in near) if subject.category is not None else 0,
    )
