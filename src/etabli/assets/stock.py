"""What is counted rather than followed one by one: articles in stock, and licences of programs."""

from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from etabli.kernel.secrets import EncryptedTextField
from etabli.kernel.tenancy import Noun
from etabli.kernel.text import Plain
from etabli.people.models import Room, Site

LONG_KEY = 15
"""A product key shorter than this would tell too much of itself by its last signs."""


class Bought(Noun):
    """What the purchase says of anything bought."""

    supplier = models.CharField(_("supplier"), max_length=120, blank=True)
    order_number = models.CharField(_("order number"), max_length=60, blank=True)
    bought_on = models.DateField(_("bought on"), null=True, blank=True)
    remarks = models.TextField(_("remarks"), blank=True)

    class Meta:
        abstract = True


class StockItem(Bought):
    """An article kept in number: how many there are at a place, and how few are too few."""

    class Family(models.TextChoices):
        ACCESSORY = "accessory", _("accessory")
        CONSUMABLE = "consumable", _("consumable")
        COMPONENT = "component", _("component")

    name = models.CharField(_("name"), max_length=200)
    family = models.CharField(_("family"), max_length=10, choices=Family, default=Family.ACCESSORY)
    category = models.CharField(_("category"), max_length=80, blank=True)
    manufacturer = models.ForeignKey(
        "assets.Manufacturer",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="stock_items",
        verbose_name=_("manufacturer"),
    )
    model_number = models.CharField(_("model number"), max_length=80, blank=True)
    item_number = models.CharField(_("article number"), max_length=80, blank=True)
    serial = models.CharField(_("serial number"), max_length=120, blank=True)
    quantity = models.PositiveIntegerField(_("quantity"), default=0)
    minimum = models.PositiveIntegerField(
        _("minimum"), default=0, help_text=_("Under this number, it is to be ordered again. 0: no minimum.")
    )
    price = models.DecimalField(
        _("unit price excluding tax (€)"), max_digits=12, decimal_places=2, null=True, blank=True
    )
    site = models.ForeignKey(
        Site, models.PROTECT, null=True, blank=True, related_name="stock_items", verbose_name=_("site")
    )
    room = models.ForeignKey(
        Room, models.PROTECT, null=True, blank=True, related_name="stock_items", verbose_name=_("room")
    )

    class Meta:
        verbose_name, verbose_name_plural = _("stock item"), _("stock items")
        constraints = [
            models.UniqueConstraint(
                "organisation",
                "family",
                "site",
                "serial",
                Plain("name"),
                nulls_distinct=False,
                name="stock_item_once",
                violation_error_message=_("This article is already kept at this site: change its quantity."),
            ),
            models.CheckConstraint(
                condition=models.Q(price__isnull=True) | models.Q(price__gte=0), name="stock_item_price"
            ),
            models.CheckConstraint(
                condition=models.Q(room__isnull=True) | models.Q(site__isnull=False),
                name="stock_item_room_has_site",
            ),
        ]
        indexes = [models.Index(Plain("name"), "id", name="stock_item_by_name")]

    def __str__(self) -> str:
        return self.name

    @property
    def low(self) -> bool:
        """Whether it is to be ordered again."""
        return self.quantity < self.minimum


class Licence(Bought):
    """The right to use a program, for a number of seats; its product key is a secret."""

    name = models.CharField(_("name"), max_length=200)
    manufacturer = models.ForeignKey(
        "assets.Manufacturer",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="licences",
        verbose_name=_("publisher"),
    )
    category = models.CharField(_("category"), max_length=80, blank=True)
    product_key = EncryptedTextField(_("product key"), blank=True, default="")
    key_end = models.CharField(_("end of the key"), max_length=5, blank=True, editable=False)
    seats = models.PositiveIntegerField(_("seats"), default=1, validators=[MinValueValidator(1)])
    licensed_to = models.CharField(_("licensed to"), max_length=120, blank=True)
    licensed_email = models.EmailField(_("e-mail of the licence"), blank=True)
    expires_on = models.DateField(_("expires on"), null=True, blank=True)
    reassignable = models.BooleanField(
        _("reassignable"),
        null=True,
        blank=True,
        help_text=_("Whether a seat may go from somebody to another."),
    )
    maintained = models.BooleanField(_("under maintenance"), null=True, blank=True)
    purchase_order = models.CharField(_("purchase order"), max_length=60, blank=True)
    price = models.DecimalField(
        _("price excluding tax (€)"), max_digits=12, decimal_places=2, null=True, blank=True
    )

    class Meta:
        verbose_name, verbose_name_plural = _("licence"), _("licences")
        constraints = [
            models.CheckConstraint(condition=models.Q(seats__gte=1), name="licence_seats"),
            models.CheckConstraint(
                condition=models.Q(price__isnull=True) | models.Q(price__gte=0), name="licence_price"
            ),
        ]
        indexes = [
            models.Index(Plain("name"), "id", name="licence_by_name"),
            models.Index(fields=["expires_on", "id"], name="licence_expiry", include=["organisation"]),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def shown_key(self) -> str:
        """Its key as people may see it: ``•••••-7FTGD``, as the keys that inventories find."""
        if not self.product_key:
            return ""
        return f"•••••-{self.key_end}" if self.key_end else "•••••"


def end_of(key: str) -> str:
    """The last signs of a key, which people compare with what is on a box; none when it is short."""
    return key[-5:] if len(key) >= LONG_KEY else ""
