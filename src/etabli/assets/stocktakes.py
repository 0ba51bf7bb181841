"""The nouns of counting by hand: a stocktake and its lines, a person's scan basket, photos of an asset."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from etabli.kernel.files import File
from etabli.kernel.tenancy import Noun, OrganisationModel
from etabli.people.models import Room, Site


class Stocktake(Noun):
    """A count of what is really in a room, or on a whole site, against what is recorded there."""

    name = models.CharField(
        _("name"), max_length=120, blank=True, help_text=_("Left empty, it is made of the place and the day.")
    )
    site = models.ForeignKey(
        Site, models.PROTECT, blank=True, related_name="stocktakes", verbose_name=_("site")
    )
    room = models.ForeignKey(
        Room,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="stocktakes",
        verbose_name=_("room"),
        help_text=_("Left empty, the whole site is counted."),
    )
    remarks = models.TextField(_("remarks"), blank=True)
    started_by = models.CharField(_("started by"), max_length=120, editable=False)
    closed_at = models.DateTimeField(_("closed on"), null=True, blank=True, editable=False)
    closed_by = models.CharField(_("closed by"), max_length=120, blank=True, editable=False)

    class Meta:
        verbose_name, verbose_name_plural = _("stocktake"), _("stocktakes")
        constraints = [
            models.UniqueConstraint(
                fields=["site", "room"],
                condition=models.Q(closed_at=None),
                nulls_distinct=False,
                name="stocktake_open_once",
                violation_error_message=_(
                    "This place is already being counted: continue that stocktake, or close it first."
                ),
            )
        ]
        indexes = [models.Index(fields=["organisation", "closed_at", "-id"], name="stocktake_open")]

    def __str__(self) -> str:
        return self.name

    @property
    def place(self) -> str:
        return f"{self.site} · {self.room}" if self.room_id else str(self.site)


class StocktakeLine(OrganisationModel):
    """One thing of a stocktake: expected from the start, or come across while counting.

    What is printed later (name, code, recorded place, price) is kept as it was at that moment.
    """

    class Status(models.TextChoices):
        AWAITED = "awaited", _("not seen")
        FOUND = "found", _("in its place")
        ELSEWHERE = "elsewhere", _("recorded elsewhere")
        MOVED = "moved", _("moved here")
        UNKNOWN = "unknown", _("unknown code")

    stocktake = models.ForeignKey(
        Stocktake, models.CASCADE, related_name="lines", verbose_name=_("stocktake")
    )
    asset = models.ForeignKey(
        "assets.Asset", models.SET_NULL, null=True, blank=True, related_name="counts", verbose_name=_("asset")
    )
    status = models.CharField(_("result"), max_length=10, choices=Status, default=Status.AWAITED)
    expected = models.BooleanField(_("expected here"), default=False)
    label = models.CharField(_("name"), max_length=120, blank=True)
    code = models.CharField(_("code"), max_length=200, blank=True)
    recorded = models.CharField(_("recorded place"), max_length=200, blank=True)
    price = models.DecimalField(_("price"), max_digits=12, decimal_places=2, null=True, blank=True)
    seen_at = models.DateTimeField(_("seen on"), null=True, blank=True)
    seen_by = models.CharField(_("seen by"), max_length=120, blank=True)
    key = models.UUIDField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name, verbose_name_plural = _("counted asset"), _("counted assets")
        constraints = [
            models.UniqueConstraint(
                fields=["stocktake", "asset"], condition=models.Q(asset__isnull=False), name="counted_once"
            ),
            models.UniqueConstraint(
                fields=["stocktake", "code"],
                condition=models.Q(status="unknown"),
                name="unknown_code_once",
            ),
        ]
        indexes = [
            models.Index(fields=["stocktake", "status", "id"], name="counted_by_status"),
            models.Index(fields=["stocktake", "-seen_at"], name="counted_latest"),
        ]

    def __str__(self) -> str:
        return self.label or self.code


class BasketItem(OrganisationModel):
    """An asset that somebody scanned and keeps at hand, to act on all of them at once."""

    account_id = models.BigIntegerField()
    asset = models.ForeignKey("assets.Asset", models.CASCADE, related_name="+", verbose_name=_("asset"))
    scanned_at = models.DateTimeField(_("scanned on"), auto_now_add=True)

    class Meta:
        verbose_name, verbose_name_plural = _("scan basket"), _("scan baskets")
        constraints = [models.UniqueConstraint(fields=["account_id", "asset"], name="basket_once")]

    def __str__(self) -> str:
        return str(self.asset)


class Photo(Noun):
    """A picture of an asset, reduced and without what the camera wrote in it; its caption is read aloud."""

    asset = models.ForeignKey(
        "assets.Asset", models.CASCADE, related_name="photos", editable=False, verbose_name=_("asset")
    )
    caption = models.CharField(
        _("caption"),
        max_length=200,
        help_text=_("What it shows, for people who do not see it: “Back of the cabinet, port 12 broken”."),
    )
    file = models.ForeignKey(File, models.PROTECT, editable=False, related_name="+", verbose_name=_("file"))
    small = models.ForeignKey(
        File, models.PROTECT, editable=False, related_name="+", verbose_name=_("preview")
    )
    author = models.CharField(_("author"), max_length=120, editable=False)

    class Meta:
        verbose_name, verbose_name_plural = _("photo"), _("photos")
        indexes = [models.Index(fields=["asset", "id"], name="photo_of_asset")]

    def __str__(self) -> str:
        return self.caption
