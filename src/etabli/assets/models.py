"""Assets and the catalogue they come from; what an inventory finds inside them is in ``components.py``."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from etabli.kernel.sentences import SentenceField
from etabli.kernel.tenancy import Noun, SharedModel
from etabli.kernel.text import Plain
from etabli.people.models import Person, Rack, Room, Site

from .changes import AssetChange
from .components import (
    Battery,
    Camera,
    Controller,
    Disk,
    Firmware,
    GraphicsCard,
    MemoryModule,
    Motherboard,
    NetworkCard,
    OperatingSystem,
    PowerSupply,
    Processor,
    SimCard,
    SoundCard,
    Volume,
)
from .contents import (
    Antivirus,
    DatabaseService,
    Firewall,
    FoundLicence,
    HostedMachine,
    LocalGroup,
    LocalUser,
    RemoteAccess,
)
from .identity import Alias, Distinction, Merge
from .peripherals import CompatibilityNote, Peripheral
from .stocktakes import BasketItem, Photo, Stocktake, StocktakeLine

# What an inventory may fill and a person may edit: who edits it locks it.
LOCKABLE = {
    "name": _("name"),
    "serial": _("serial number"),
    "tag": _("asset tag"),
    "model": _("model"),
    "parent": _("connected to"),
}


class AssetKind(SharedModel):
    """A kind of asset (laptop, switch…): shipped ones are shared, an organisation adds its own."""

    key = models.SlugField(_("key"), max_length=40)
    name = models.CharField(_("name"), max_length=60)
    icon = models.CharField(_("icon"), max_length=40, default="box")
    computer = models.BooleanField(_("is a computer"), default=False)
    position = models.PositiveSmallIntegerField(_("order"), default=100)

    class Meta:
        verbose_name, verbose_name_plural = _("asset kind"), _("asset kinds")
        ordering = ["position", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "key"], nulls_distinct=False, name="asset_kind_once"
            )
        ]

    def __str__(self) -> str:
        from .kinds import kind_label

        return kind_label(self) if self.organisation_id is None else self.name


class Manufacturer(Noun):
    """A maker of equipment, with where to ask for help."""

    name = models.CharField(_("name"), max_length=80)
    website = models.URLField(_("web site"), blank=True)
    support_url = models.URLField(_("support page"), blank=True)
    support_phone = models.CharField(_("support telephone"), max_length=30, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("manufacturer"), _("manufacturers")
        constraints = [models.UniqueConstraint("organisation", Plain("name"), name="manufacturer_name_once")]

    def __str__(self) -> str:
        return self.name


class AssetModel(Noun):
    """A product reference of a manufacturer."""

    name = models.CharField(_("name"), max_length=120)
    manufacturer = models.ForeignKey(
        Manufacturer,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="models",
        verbose_name=_("manufacturer"),
    )
    kind = models.ForeignKey(
        AssetKind, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("kind")
    )
    reference = models.CharField(_("reference"), max_length=80, blank=True)
    page_url = models.URLField(_("vendor page"), blank=True)
    end_of_sale = models.DateField(_("end of sale"), null=True, blank=True)
    end_of_support = models.DateField(_("end of support"), null=True, blank=True)
    units = models.PositiveSmallIntegerField(_("height in a rack (U)"), null=True, blank=True)
    power_w = models.PositiveIntegerField(_("power drawn (W)"), null=True, blank=True)
    weight_kg = models.DecimalField(_("weight (kg)"), max_digits=7, decimal_places=2, null=True, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("model"), _("models")
        constraints = [
            models.UniqueConstraint(
                "organisation", "manufacturer", Plain("name"), nulls_distinct=False, name="asset_model_once"
            )
        ]

    def __str__(self) -> str:
        return self.name


class Asset(Noun):
    """A piece of equipment: one row for its whole life."""

    class State(models.TextChoices):
        REQUESTED = "requested", _("requested")
        ORDERED = "ordered", _("ordered")
        RECEIVED = "received", _("received")
        IN_STOCK = "in_stock", _("in stock")
        PREPARING = "preparing", _("being prepared")
        IN_SERVICE = "in_service", _("in service")
        ON_LOAN = "on_loan", _("on loan")
        IN_REPAIR = "in_repair", _("in repair")
        MAINTENANCE = "maintenance", _("in maintenance")
        IN_TRANSIT = "in_transit", _("in transit")
        TO_RETIRE = "to_retire", _("to retire")
        RETIRED = "retired", _("retired")
        ERASED = "erased", _("erased")
        REDEPLOYED = "redeployed", _("kept for a new use")
        RETURNED = "returned", _("returned to the lessor")
        SOLD = "sold", _("sold")
        DONATED = "donated", _("donated")
        RECYCLED = "recycled", _("recycled")
        DESTROYED = "destroyed", _("destroyed")
        LOST = "lost", _("lost")
        STOLEN = "stolen", _("stolen")
        GONE = "gone", _("gone")

    class Criticality(models.IntegerChoices):
        LOW = 1, _("low")
        NORMAL = 2, _("normal")
        HIGH = 3, _("high")
        VITAL = 4, _("vital")

    class Ownership(models.TextChoices):
        COMPANY = "company", _("of the company")
        LEASED = "leased", _("leased")
        PERSONAL = "personal", _("personal (BYOD)")

    name = models.CharField(_("name"), max_length=120)
    tag = models.CharField(_("asset tag"), max_length=60, blank=True)
    serial = models.CharField(_("serial number"), max_length=120, blank=True)
    uuid = models.CharField(_("UUID"), max_length=40, blank=True, editable=False)
    kind = models.ForeignKey(AssetKind, models.PROTECT, related_name="assets", verbose_name=_("kind"))
    model = models.ForeignKey(
        AssetModel, models.PROTECT, null=True, blank=True, related_name="assets", verbose_name=_("model")
    )
    state = models.CharField(_("state"), max_length=12, choices=State, default=State.IN_SERVICE)
    state_since = models.DateField(_("in this state since"), null=True, blank=True, editable=False)
    criticality = models.PositiveSmallIntegerField(
        _("criticality"), choices=Criticality, default=Criticality.NORMAL
    )
    criticality_reason = models.CharField(_("why this criticality"), max_length=160, blank=True)
    person = models.ForeignKey(
        Person, models.PROTECT, null=True, blank=True, related_name="assets", verbose_name=_("assigned to")
    )
    site = models.ForeignKey(
        Site, models.PROTECT, null=True, blank=True, related_name="assets", verbose_name=_("site")
    )
    room = models.ForeignKey(
        Room, models.PROTECT, null=True, blank=True, related_name="assets", verbose_name=_("room")
    )
    rack = models.ForeignKey(
        Rack, models.PROTECT, null=True, blank=True, related_name="assets", verbose_name=_("rack")
    )
    parent = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="parts", verbose_name=_("connected to")
    )
    ownership = models.CharField(
        _("ownership"),
        max_length=8,
        choices=Ownership,
        default=Ownership.COMPANY,
        db_default=Ownership.COMPANY,
        help_text=_("A personal device is never located."),
    )
    pool = models.ForeignKey(
        "assets.Pool", models.SET_NULL, null=True, blank=True, related_name="assets", verbose_name=_("pool")
    )
    bought_on = models.DateField(_("bought on"), null=True, blank=True)
    commissioned_on = models.DateField(_("in service since"), null=True, blank=True)
    price = models.DecimalField(
        _("price excluding tax (€)"), max_digits=12, decimal_places=2, null=True, blank=True
    )
    supplier = models.CharField(_("supplier"), max_length=120, blank=True)
    order_number = models.CharField(_("order number"), max_length=60, blank=True)
    warranty_end = models.DateField(_("warranty end"), null=True, blank=True)
    remarks = models.TextField(_("remarks"), blank=True)
    system = models.CharField(_("operating system"), max_length=120, blank=True, editable=False)
    memory_mib = models.PositiveIntegerField(_("memory (MiB)"), null=True, blank=True, editable=False)
    last_user = models.CharField(_("last user"), max_length=120, blank=True, editable=False)
    missing_since = models.DateTimeField(_("missing since"), null=True, blank=True, editable=False)
    seen_at = models.DateTimeField(_("last inventory"), null=True, blank=True, editable=False)
    identity_note = SentenceField(max_length=600, blank=True, editable=False)
    # Fields that a person edited: inventories leave them alone until somebody unlocks them.
    locked = ArrayField(
        models.CharField(max_length=40, choices=LOCKABLE),
        default=list,
        db_default=[],
        blank=True,
        editable=False,
        verbose_name=_("locked fields"),
    )
    # How inventories look for a name and a serial number: as bare columns, the only ones whose index is used
    # under row security.
    name_key = models.GeneratedField(
        expression=Lower("name"), output_field=models.CharField(max_length=120), db_persist=True
    )
    serial_key = models.GeneratedField(
        expression=Lower("serial"), output_field=models.CharField(max_length=120), db_persist=True
    )

    class Meta:
        verbose_name, verbose_name_plural = _("asset"), _("assets")
        constraints = [
            # Compared as typed: under row security PostgreSQL uses the index for a bare column only.
            models.UniqueConstraint(
                fields=["organisation", "tag"],
                condition=~models.Q(tag=""),
                name="asset_tag_once",
                violation_error_message=_("Another asset of this organisation already has this tag."),
            ),
            models.CheckConstraint(
                condition=models.Q(price__isnull=True) | models.Q(price__gte=0), name="asset_price"
            ),
            models.CheckConstraint(
                condition=~models.Q(ownership="personal") | models.Q(room__isnull=True, rack__isnull=True),
                name="asset_personal_not_located",
                violation_error_message=_(
                    "A personal device is never located: leave its room and its rack empty."
                ),
            ),
            models.CheckConstraint(
                condition=models.Q(room__isnull=True) | models.Q(site__isnull=False),
                name="asset_room_has_site",
            ),
            models.CheckConstraint(
                condition=models.Q(rack__isnull=True) | models.Q(room__isnull=False),
                name="asset_rack_has_room",
            ),
        ]
        # Included columns let a deep page, a count and the policy (it reads the organisation) stay in the
        # index.
        indexes = [
            models.Index(Plain("name"), "id", name="asset_by_name", include=["name", "organisation"]),
            models.Index("organisation", Plain("name"), "id", name="asset_by_org_name", include=["name"]),
            models.Index(fields=["organisation", "serial"], name="asset_serial"),
            models.Index(fields=["organisation", "uuid"], name="asset_uuid"),
            models.Index(
                fields=["organisation", "serial_key"],
                name="asset_serial_key",
                condition=~models.Q(serial_key=""),
            ),
            models.Index(
                fields=["organisation", "name_key"],
                name="asset_unnumbered",
                condition=models.Q(serial_key="", uuid=""),
            ),
            models.Index(fields=["state", "id"], name="asset_state_id", include=["organisation"]),
            models.Index(fields=["warranty_end", "id"], name="asset_warranty", include=["organisation"]),
            models.Index(
                models.F("warranty_end").desc(nulls_last=True),
                models.F("id").desc(),
                name="asset_warranty_down",
                include=["organisation"],
            ),
            models.Index(fields=["seen_at", "id"], name="asset_seen", include=["organisation"]),
            models.Index(
                models.F("seen_at").desc(nulls_last=True),
                models.F("id").desc(),
                name="asset_seen_down",
                include=["organisation"],
            ),
            models.Index(Plain("system"), "id", name="asset_system", include=["system", "organisation"]),
            models.Index(
                fields=["organisation"],
                name="asset_counts",
                include=["state", "seen_at", "warranty_end", "criticality", "kind", "site", "bought_on"],
            ),
            models.Index(
                fields=["missing_since", "id"],
                name="asset_missing",
                condition=models.Q(missing_since__isnull=False),
                include=["organisation"],
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def live(self) -> bool:
        """Whether it is still part of the fleet."""
        return self.state not in ENDED


from .positions import Position, RackPlacement  # noqa: E402  (they hang on the assets above)

ENDED = {
    "retired",
    "erased",
    "returned",
    "sold",
    "donated",
    "recycled",
    "destroyed",
    "lost",
    "stolen",
    "gone",
}

from .custody import Assignment, Loan  # noqa: E402  (they hang on the assets above)
from .feeds import CalendarFeed  # noqa: E402
from .kits import Booking, Hold, Kit, KitItem, Pool  # noqa: E402
from .slips import Slip, SlipCounter  # noqa: E402
from .stock import Licence, StockItem  # noqa: E402

__all__ = [
    "Alias",
    "Antivirus",
    "Asset",
    "AssetChange",
    "AssetKind",
    "AssetModel",
    "Assignment",
    "BasketItem",
    "Battery",
    "Booking",
    "CalendarFeed",
    "Camera",
    "CompatibilityNote",
    "Controller",
    "DatabaseService",
    "Disk",
    "Distinction",
    "Firewall",
    "Firmware",
    "FoundLicence",
    "GraphicsCard",
    "Hold",
    "HostedMachine",
    "Kit",
    "KitItem",
    "Licence",
    "Loan",
    "LocalGroup",
    "LocalUser",
    "Manufacturer",
    "MemoryModule",
    "Merge",
    "Motherboard",
    "NetworkCard",
    "OperatingSystem",
    "Peripheral",
    "Photo",
    "Pool",
    "Position",
    "PowerSupply",
    "Processor",
    "RackPlacement",
    "RemoteAccess",
    "SimCard",
    "Slip",
    "SlipCounter",
    "SoundCard",
    "StockItem",
    "Stocktake",
    "StocktakeLine",
    "Volume",
]
