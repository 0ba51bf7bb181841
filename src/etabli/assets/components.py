"""What a machine is made of, as its last inventory says. Rows are replaced section by section, never edited
by hand.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from etabli.kernel.tenancy import OrganisationModel


class Component(OrganisationModel):
    """Something inside an asset."""

    follows_inventory = True  # what the last inventory says, as a whole (see ``merging.py``)
    asset = models.ForeignKey(
        "assets.Asset", models.CASCADE, related_name="%(class)ss", verbose_name=_("asset")
    )

    class Meta:
        abstract = True
        ordering = ["id"]


class OperatingSystem(OrganisationModel):
    """The system an asset runs."""

    follows_inventory = True
    asset = models.OneToOneField("assets.Asset", models.CASCADE, related_name="operating_system")
    name = models.CharField(_("name"), max_length=120)
    version = models.CharField(_("version"), max_length=60, blank=True)
    full_name = models.CharField(_("full name"), max_length=160, blank=True)
    kernel = models.CharField(_("kernel"), max_length=80, blank=True)
    build = models.CharField(_("build"), max_length=60, blank=True)
    architecture = models.CharField(_("architecture"), max_length=30, blank=True)
    installed_on = models.DateField(_("installed on"), null=True)
    booted_at = models.DateTimeField(_("started on"), null=True)
    fqdn = models.CharField(_("full network name"), max_length=200, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("operating system"), _("operating systems")

    def __str__(self) -> str:
        return self.full_name or f"{self.name} {self.version}".strip()


class Processor(Component):
    name = models.CharField(_("name"), max_length=160)
    manufacturer = models.CharField(_("manufacturer"), max_length=80, blank=True)
    cores = models.PositiveIntegerField(_("cores"), null=True)
    threads = models.PositiveIntegerField(_("threads"), null=True)
    speed_mhz = models.PositiveIntegerField(_("speed (MHz)"), null=True)

    def __str__(self) -> str:
        return self.name


class MemoryModule(Component):
    slot = models.CharField(_("slot"), max_length=80, blank=True)
    size_mib = models.PositiveIntegerField(_("size (MiB)"), null=True)
    kind = models.CharField(_("kind"), max_length=40, blank=True)
    speed_mhz = models.PositiveIntegerField(_("speed (MHz)"), null=True)
    manufacturer = models.CharField(_("manufacturer"), max_length=80, blank=True)
    serial = models.CharField(_("serial number"), max_length=80, blank=True)
    part_number = models.CharField(_("part number"), max_length=80, blank=True)

    def __str__(self) -> str:
        return self.slot or self.kind


class Disk(Component):
    name = models.CharField(_("name"), max_length=120)
    model = models.CharField(_("model"), max_length=160, blank=True)
    manufacturer = models.CharField(_("manufacturer"), max_length=80, blank=True)
    serial = models.CharField(_("serial number"), max_length=120, blank=True)
    size_mib = models.PositiveBigIntegerField(_("size (MiB)"), null=True)
    kind = models.CharField(_("kind"), max_length=20, blank=True)
    interface = models.CharField(_("interface"), max_length=40, blank=True)
    firmware = models.CharField(_("firmware"), max_length=60, blank=True)

    def __str__(self) -> str:
        return self.model or self.name


class Volume(Component):
    mount = models.CharField(_("mounted on"), max_length=200)
    label = models.CharField(_("label"), max_length=120, blank=True)
    filesystem = models.CharField(_("file system"), max_length=40, blank=True)
    size_mib = models.PositiveBigIntegerField(_("size (MiB)"), null=True)
    free_mib = models.PositiveBigIntegerField(_("free (MiB)"), null=True)
    encrypted = models.BooleanField(_("encrypted"), null=True)

    class Meta(Component.Meta):
        # The few volumes that people must hear of: less than a tenth free.
        indexes = [
            models.Index(
                fields=["organisation", "id"],
                condition=models.Q(size_mib__gt=models.F("free_mib") * 10),
                name="volume_full",
            )
        ]

    def __str__(self) -> str:
        return self.mount

    @property
    def used_percent(self) -> int | None:
        if not self.size_mib or self.free_mib is None:
            return None
        return round(100 * max(0, self.size_mib - self.free_mib) / self.size_mib)


class NetworkCard(Component):
    name = models.CharField(_("name"), max_length=160)
    mac = models.CharField(_("MAC address"), max_length=17, blank=True, db_index=True)
    kind = models.CharField(_("kind"), max_length=40, blank=True)
    speed_mbps = models.PositiveBigIntegerField(_("speed (Mbit/s)"), null=True)
    connected = models.BooleanField(_("connected"), null=True)
    virtual = models.BooleanField(_("virtual"), null=True)
    addresses = ArrayField(models.CharField(max_length=50), default=list, verbose_name=_("addresses"))
    gateway = models.CharField(_("gateway"), max_length=45, blank=True)
    dhcp = models.CharField(_("DHCP server"), max_length=45, blank=True)

    def __str__(self) -> str:
        return self.name
