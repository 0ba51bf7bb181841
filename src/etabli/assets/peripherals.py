"""What is plugged into a machine, which of it is an asset of its own, and what to know of each model."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from etabli.kernel.tenancy import Noun

from .components import Component


class Peripheral(Component):
    """A monitor, printer, modem or USB device, as the machine it is connected to tells it.

    ``device`` is the asset it is, when its serial number says so. What the last inventory no longer found
    stays, with ``missing_since``, until it is found again or forgotten.
    """

    class Kind(models.TextChoices):
        MONITOR = "monitor", _("monitor")
        PRINTER = "printer", _("printer")
        USB = "usb", _("USB device")
        MODEM = "modem", _("modem")

    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    name = models.CharField(_("name"), max_length=160)
    manufacturer = models.CharField(_("manufacturer"), max_length=80, blank=True)
    serial = models.CharField(_("serial number"), max_length=120, blank=True)
    port = models.CharField(_("port"), max_length=160, blank=True)
    driver = models.CharField(_("driver"), max_length=160, blank=True)
    vendor_code = models.CharField(_("vendor code"), max_length=8, blank=True)
    product_code = models.CharField(_("product code"), max_length=8, blank=True)
    detail = models.CharField(_("characteristics"), max_length=160, blank=True)
    built_in = models.BooleanField(_("built in"), default=False)
    device = models.ForeignKey(
        "assets.Asset",
        models.SET_NULL,
        null=True,
        related_name="seen_as",
        verbose_name=_("asset of its own"),
    )
    missing_since = models.DateTimeField(_("missing since"), null=True)

    class Meta(Component.Meta):
        verbose_name, verbose_name_plural = _("peripheral"), _("peripherals")
        indexes = [
            models.Index(
                fields=["organisation", "serial"], condition=~models.Q(serial=""), name="peripheral_serial"
            ),
            models.Index(
                fields=["organisation", "-missing_since"],
                condition=models.Q(missing_since__isnull=False),
                name="peripheral_missing",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class CompatibilityNote(Noun):
    """Something to know before using a model: the driver it needs, what it does not work with, and who
    says so.
    """

    model = models.ForeignKey(
        "assets.AssetModel", models.CASCADE, related_name="notes_of_use", verbose_name=_("model")
    )
    text = models.CharField(_("remark"), max_length=300)
    source_url = models.URLField(_("source"), blank=True)
    noted_on = models.DateField(_("noted on"), null=True, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("compatibility note"), _("compatibility notes")

    def __str__(self) -> str:
        return self.text
