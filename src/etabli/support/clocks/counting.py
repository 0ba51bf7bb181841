"""Counting a promised delay along the stretches of a ticket's life, those that run and those that pause."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from django.db.models import TextChoices
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from etabli.kernel.workingtime import WorkingHours, add_working_time, working_time_between


class Pause(TextChoices):
    """Why a clock does not run."""

    USER = "user", gettext_lazy("waiting for the user")
    SUPPLIER = "supplier", gettext_lazy("waiting for a supplier")
    VISIT = "visit", gettext_lazy("waiting for a planned visit")
    SOLVED = "solved", gettext_lazy("solved, then reopened")
    ELSEWHERE = "elsewhere", gettext_lazy("with another team")
    ASKED = "asked", gettext_lazy("paused by hand")


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of time in which a clock runs in the hours of a calendar, or pauses.

    since, until: instants, the end outside; None while it lasts. pause: a value of Pause, or somebody's own
    words; empty when the clock runs.
    """

    since: datetime
    until: datetime | None
    hours: WorkingHours
    pause: str = ""


@dataclass(frozen=True, slots=True)
class Interruption:
    """A pause by itself; without `until` it still lasts. Raises ValueError when it ends before it begins."""

    since: datetime
    until: datetime | None = None
    why: str = Pause.ASKED.value

    def __post_init__(self) -> None:
        if self.until is not None and self.until < self.since:
            raise ValueError(_("A pause ends before it begins."))


def deadline(amount: timedelta, stretches: Iterable[Stretch]) -> datetime | None:
    """The instant, in UTC, at which the amount has been counted along stretches in order.

    None while the clock pauses: nobody knows yet. Raises `NeverOpen` and `TooLong`, as `add_working_time`.
    """
    left = amount
    for stretch in stretches:
        if stretch.pause:
            continue
        if stretch.until is None:
            return add_working_time(stretch.since, left, stretch.hours)
        counted = working_time_between(stretch.since, stretch.until, stretch.hours)
        if counted >= left:
            return add_working_time(stretch.since, left, stretch.hours)
        left -= counted
    return None


def used(stretches: Iterable[Stretch], at: datetime) -> timedelta:
    """The working time counted by an instant."""
    total = timedelta(0)
    for stretch in stretches:
        if not stretch.pause and stretch.since < at:
            until = at if stretch.until is None else min(stretch.until, at)
            total += working_time_between(stretch.since, until, stretch.hours)
    return total


def interrupted(start: datetime, interruptions: Iterable[Interruption], hours: WorkingHours) -> list[Stretch]:
    """The stretches of a clock started once and interrupted, in any order, even one pause within another."""
    stretches, cursor = list[Stretch](), start.astimezone(UTC)
    for one in sorted(interruptions, key=lambda each: each.since):
        if one.until is not None and one.until <= cursor:
            continue
        since, until = max(one.since.astimezone(UTC), cursor), one.until and one.until.astimezone(UTC)
        if cursor < since:
            stretches.append(Stretch(cursor, since, hours))
        stretches.append(Stretch(since, until, hours, one.why))
        if until is None:
            return stretches
        cursor = until
    return [*stretches, Stretch(cursor, None, hours)]


def joined(stretches: Sequence[Stretch]) -> tuple[Stretch, ...]:
    """The same without empty stretches, and with those that follow each other in the same way made one."""
    made: list[Stretch] = []
    for one in stretches:
        if one.since == one.until:
            continue
        if made and (made[-1].hours, made[-1].pause) == (one.hours, one.pause):
            made[-1] = replace(made[-1], until=one.until)
        else:
            made.append(one)
    return tuple(made)
