"""How an organisation gives priorities: its own matrix, else that of the nearest organisation above."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy

from etabli.kernel.organisations import lineage
from etabli.kernel.tenancy import Catalogue

from .priority import USUAL, USUAL_RECURRENCE, USUAL_SHIFTS, BadMatrix, Matrix, Recurrence


def usual_cells() -> list[list[int]]:
    return [list(line) for line in USUAL]


def usual_shifts() -> list[int]:
    return list(USUAL_SHIFTS)


class PriorityMatrix(Catalogue):
    """Impact × urgency, what criticality shifts, what makes a ticket recurrent. One an organisation."""

    cells = models.JSONField(gettext_lazy("priorities"), default=usual_cells)
    shifts = models.JSONField(gettext_lazy("shift of each criticality"), default=usual_shifts)
    asset_times = models.PositiveSmallIntegerField(
        gettext_lazy("recurrent from so many tickets about an asset"), default=USUAL_RECURRENCE.asset
    )
    person_times = models.PositiveSmallIntegerField(
        gettext_lazy("recurrent from so many tickets of a person"), default=USUAL_RECURRENCE.person
    )
    category_times = models.PositiveSmallIntegerField(
        gettext_lazy("recurrent from so many tickets of a category"), default=USUAL_RECURRENCE.category
    )
    vip = models.BooleanField(gettext_lazy("priority people come first"), default=True)

    class Meta:
        verbose_name, verbose_name_plural = (
            gettext_lazy("priority matrix"),
            gettext_lazy("priority matrices"),
        )
        constraints = [models.UniqueConstraint(fields=["organisation"], name="matrix_once")]

    def __str__(self) -> str:
        return str(self._meta.verbose_name)

    def clean(self) -> None:
        try:
            self.matrix()
        except BadMatrix as error:
            raise ValidationError({"cells": str(error)})
        except (TypeError, ValueError):
            raise ValidationError({"cells": gettext_lazy("Give four lines of three priorities.")})

    def matrix(self) -> Matrix:
        """As the priority reads it. Raises BadMatrix, TypeError, ValueError."""
        cells: Any = tuple(tuple(int(cell) for cell in line) for line in self.cells)
        return Matrix(
            cells=cells,
            shifts=tuple(int(shift) for shift in self.shifts),
            recurrence=Recurrence(self.asset_times, self.person_times, self.category_times),
            vip=self.vip,
        )


def matrix_of(organisation_id: int) -> Matrix:
    """The matrix in force in an organisation."""
    above = lineage(organisation_id)
    rows = {one.organisation_id: one for one in PriorityMatrix.objects.filter(organisation__in=above)}
    nearest = next((rows[one] for one in reversed(above) if one in rows), None)
    return nearest.matrix() if nearest else Matrix()
