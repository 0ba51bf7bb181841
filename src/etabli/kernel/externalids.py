"""What other tools call our objects: kept by imports, so that a file read again finds the same objects."""

from collections.abc import Iterable
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from .tenancy import OrganisationModel


class ExternalId(OrganisationModel):
    """An object of ours is this one there: ``source`` is the tool (``glpi``), ``external`` its identifier.

    ``batch`` is the import that learnt it: undoing the import forgets it.
    """

    noun = models.CharField(_("object type"), max_length=60)
    object_id = models.BigIntegerField()
    source = models.CharField(_("tool"), max_length=40)
    external = models.CharField(_("identifier there"), max_length=200)
    batch = models.UUIDField(null=True, db_index=True)
    at = models.DateTimeField(_("on"), auto_now_add=True)

    class Meta:
        verbose_name, verbose_name_plural = _("identifier elsewhere"), _("identifiers elsewhere")
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "source", "noun", "external"], name="external_id_once"
            )
        ]
        indexes = [models.Index(fields=["organisation", "noun", "object_id"], name="external_of_object")]

    def __str__(self) -> str:
        return f"{self.source}: {self.external}"


def known(source: str, noun: str, organisation_id: int) -> dict[str, int]:
    """Identifier there → id here, for one tool and one noun. Some may name objects deleted since."""
    rows = ExternalId.objects.filter(organisation=organisation_id, source=source, noun=noun)
    return dict(rows.values_list("external", "object_id"))


def keep(
    pairs: Iterable[tuple[str, int]], *, source: str, noun: str, organisation_id: int, batch: Any
) -> None:
    """Remember several; one that named a deleted object now names the new one."""
    rows = [
        ExternalId(
            organisation_id=organisation_id,
            source=source,
            noun=noun,
            external=external[:200],
            object_id=key,
            batch=batch,
        )
        for external, key in pairs
    ]
    ExternalId.objects.bulk_create(
        rows,
        batch_size=1000,
        update_conflicts=True,
        unique_fields=["organisation", "source", "noun", "external"],
        update_fields=["object_id", "batch"],
    )


def forget(batch: Any, organisation_id: int) -> None:
    """What an import learnt is forgotten with it."""
    ExternalId.objects.filter(organisation=organisation_id, batch=batch).delete()


def told_of(obj: Any) -> list[ExternalId]:
    """How other tools call this object."""
    rows = ExternalId.objects.filter(
        organisation=obj.organisation_id, noun=obj._meta.model_name, object_id=obj.pk
    )
    return list(rows.order_by("source", "external"))
