"""What tells one asset from another over time: the numbers it was known under, those that a person said are
two machines, those that were made one.
"""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from etabli.kernel.tenancy import OrganisationModel


class Alias(OrganisationModel):
    """Numbers under which an asset is also known: those of an asset merged into it, or that a person
    confirmed.

    Written in lower case, as the inventories' rules compare them; one of the two may be empty.
    """

    asset = models.ForeignKey("assets.Asset", models.CASCADE, related_name="aliases")
    serial = models.CharField(_("serial number"), max_length=120, blank=True)
    uuid = models.CharField(_("UUID"), max_length=40, blank=True)
    at = models.DateTimeField(db_default=Now())
    by = models.CharField(_("by"), max_length=120)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["asset", "serial", "uuid"], name="alias_once")]
        indexes = [
            models.Index(
                fields=["organisation", "serial"], name="alias_serial", condition=~models.Q(serial="")
            ),
            models.Index(fields=["organisation", "uuid"], name="alias_uuid", condition=~models.Q(uuid="")),
        ]

    def __str__(self) -> str:
        return self.serial or self.uuid


class Distinction(OrganisationModel):
    """Two assets that a person said are different machines, however much they look alike."""

    one = models.ForeignKey("assets.Asset", models.CASCADE, related_name="+")
    other = models.ForeignKey("assets.Asset", models.CASCADE, related_name="+")
    at = models.DateTimeField(db_default=Now())
    by = models.CharField(_("by"), max_length=120)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["one", "other"], name="distinction_once"),
            models.CheckConstraint(condition=models.Q(one__lt=models.F("other")), name="distinction_ordered"),
        ]

    def __str__(self) -> str:
        return f"{self.one} ≠ {self.other}"


class Merge(OrganisationModel):
    """An asset that became part of another one, with all that is needed to take them apart again.

    ``content`` is compressed JSON (see ``merging.py``). The number of the asset that is gone still leads to
    the kept one: labels are printed, addresses are written in mails.
    """

    kept = models.ForeignKey("assets.Asset", models.CASCADE, related_name="merges")
    gone_id = models.BigIntegerField()
    gone_name = models.CharField(max_length=120)
    at = models.DateTimeField(db_default=Now())
    by = models.CharField(_("by"), max_length=120)
    content = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "gone_id"], name="merge_once")]

    def __str__(self) -> str:
        return self.gone_name
