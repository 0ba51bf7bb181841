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

    class Meta(Component.Meta):
        indexes = [
            models.Index(
                fields=["organisation", "serial"], condition=~models.Q(serial=""), name="memory_serial"
            )
        ]

    def __str__(self) -> str:
        size = f"{(self.size_mib or 0) / 1024:g} GiB" if self.size_mib else ""
        return " ".join(part for part in (size, self.kind, self.slot) if part)


class Disk(Component):
    name = models.CharField(_("name"), max_length=120)
    model = models.CharField(_("model"), max_length=160, blank=True)
    manufacturer = models.CharField(_("manufacturer"), max_length=80, blank=True)
    serial = models.CharField(_("serial number"), max_length=120, blank=True)
    size_mib = models.PositiveBigIntegerField(_("size (MiB)"), null=True)
    kind = models.CharField(_("kind"), max_length=20, blank=True)
    interface = models.CharField(_("interface"), max_length=40, blank=True)
    firmware = models.CharField(_("firmware"), max_length=60, blank=True)
    health = models.CharField(_("health"), max_length=60, blank=True)

    class Meta(Component.Meta):
        indexes = [
            models.Index(
                fields=["organisation", "serial"], condition=~models.Q(serial=""), name="disk_serial"
            )
        ]

    def __str__(self) -> str:
        return self.model or self.name


class Volume(Component):
    mount = models.CharField(_("mounted on"), max_length=200)
    label = models.CharField(_("label"), max_length=120, blank=True)
    filesystem = models.CharField(_("file system"), max_length=40, blank=True)
    size_mib = models.PositiveBigIntegerField(_("size (MiB)"), null=True)
    free_mib = models.PositiveBigIntegerField(_("free (MiB)"), null=True)
    encrypted = models.BooleanField(_("encrypted"), null=True)
    encryption = models.CharField(_("encryption"), max_length=80, blank=True)

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


class Motherboard(Component):
    manufacturer = models.CharField(_("manufacturer"), max_length=80, blank=True)
    model = models.CharField(_("model"), max_length=120, blank=True)
    serial = models.CharField(_("serial number"), max_length=120, blank=True)

    def __str__(self) -> str:
        return " ".join(part for part in (self.manufacturer, self.model) if part)


class Firmware(Component):
    """The BIOS, or the firmware of a part of the machine."""

    name = models.CharField(_("name"), max_length=160)
    kind = models.CharField(_("type"), max_length=60, blank=True)
    manufacturer = models.CharField(_("manufacturer"), max_length=80, blank=True)
    release = models.CharField(_("version"), max_length=160, blank=True)
    released_on = models.DateField(_("date"), null=True)
    secure_boot = models.CharField(_("secure boot"), max_length=20, blank=True)

    def __str__(self) -> str:
        return self.name


class Battery(Component):
    """``capacity_mwh`` is what it held when new, ``left_mwh`` what it holds when full now."""

    name = models.CharField(_("name"), max_length=120, blank=True)
    manufacturer = models.CharField(_("manufacturer"), max_length=80, blank=True)
    serial = models.CharField(_("serial number"), max_length=80, blank=True)
    chemistry = models.CharField(_("chemistry"), max_length=40, blank=True)
    capacity_mwh = models.PositiveIntegerField(_("capacity when new (mWh)"), null=True)
    left_mwh = models.PositiveIntegerField(_("capacity now (mWh)"), null=True)
    health = models.CharField(_("health"), max_length=40, blank=True)
    made_on = models.DateField(_("made on"), null=True)

    def __str__(self) -> str:
        return self.name or self.chemistry

    @property
    def left_percent(self) -> int | None:
        """Of its capacity when new; None when the machine does not tell both."""
        if not self.capacity_mwh or self.left_mwh is None:
            return None
        return min(100, round(100 * self.left_mwh / self.capacity_mwh))


class GraphicsCard(Component):
    name = models.CharField(_("name"), max_length=160)
    chipset = models.CharField(_("chipset"), max_length=160, blank=True)
    memory_mib = models.PositiveIntegerField(_("memory"), null=True)
    resolution = models.CharField(_("resolution"), max_length=40, blank=True)

    def __str__(self) -> str:
        return self.name


class SoundCard(Component):
    name = models.CharField(_("name"), max_length=160)
    manufacturer = models.CharField(_("manufacturer"), max_length=160, blank=True)

    def __str__(self) -> str:
        return self.name


class Controller(Component):
    name = models.CharField(_("name"), max_length=160)
    manufacturer = models.CharField(_("manufacturer"), max_length=120, blank=True)
    kind = models.CharField(_("type"), max_length=120, blank=True)
    driver = models.CharField(_("driver"), max_length=80, blank=True)
    slot = models.CharField(_("slot"), max_length=30, blank=True)
    vendor_code = models.CharField(_("vendor code"), max_length=8, blank=True)
    product_code = models.CharField(_("product code"), max_length=8, blank=True)

    def __str__(self) -> str:
        return self.name


class PowerSupply(Component):
    name = models.CharField(_("name"), max_length=120, blank=True)
    manufacturer = models.CharField(_("manufacturer"), max_length=80, blank=True)
    model = models.CharField(_("model"), max_length=120, blank=True)
    serial = models.CharField(_("serial number"), max_length=80, blank=True)
    part_number = models.CharField(_("part number"), max_length=80, blank=True)
    power_w = models.PositiveIntegerField(_("power (W)"), null=True)
    status = models.CharField(_("state"), max_length=60, blank=True)
    location = models.CharField(_("location"), max_length=80, blank=True)
    plugged = models.BooleanField(_("plugged in"), null=True)

    def __str__(self) -> str:
        return self.model or self.name


class Camera(Component):
    name = models.CharField(_("name"), max_length=120)
    manufacturer = models.CharField(_("manufacturer"), max_length=80, blank=True)
    model = models.CharField(_("model"), max_length=120, blank=True)
    facing = models.CharField(_("facing"), max_length=20, blank=True)
    resolution = models.CharField(_("best resolution"), max_length=40, blank=True)
    flash = models.BooleanField(_("flash"), null=True)

    def __str__(self) -> str:
        return self.name


class SimCard(Component):
    serial = models.CharField(_("serial number (ICCID)"), max_length=40, blank=True)
    operator = models.CharField(_("operator"), max_length=80, blank=True)
    country = models.CharField(_("country"), max_length=40, blank=True)
    phone = models.CharField(_("telephone"), max_length=40, blank=True)
    subscriber = models.CharField(_("subscriber (IMSI)"), max_length=40, blank=True)
    status = models.CharField(_("state"), max_length=80, blank=True)

    def __str__(self) -> str:
        return " ".join(part for part in (self.operator, self.serial) if part)
