"""The kinds of assets every installation starts with."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from etabli.kernel.tenancy import opening

from .models import AssetKind

KINDS: list[tuple[str, str, str, bool]] = [
    ("laptop", gettext_noop("Laptop"), "device-laptop", True),
    ("desktop", gettext_noop("Desktop computer"), "device-desktop", True),
    ("server", gettext_noop("Server"), "server", True),
    ("vm", gettext_noop("Virtual machine"), "box-multiple", True),
    ("tablet", gettext_noop("Tablet"), "device-tablet", True),
    ("phone", gettext_noop("Phone"), "device-mobile", True),
    ("monitor", gettext_noop("Monitor"), "device-tv", False),
    ("printer", gettext_noop("Printer"), "printer", False),
    ("switch", gettext_noop("Switch"), "switch-horizontal", False),
    ("router", gettext_noop("Router"), "router", False),
    ("firewall", gettext_noop("Firewall"), "shield", False),
    ("access-point", gettext_noop("Wi-Fi access point"), "wifi", False),
    ("nas", gettext_noop("Storage"), "database", False),
    ("ups", gettext_noop("UPS"), "battery-3", False),
    ("dock", gettext_noop("Docking station"), "usb", False),
    ("peripheral", gettext_noop("Peripheral"), "mouse", False),
    ("other", gettext_noop("Other"), "box", False),
]


def kind_label(kind: AssetKind) -> str:
    """The kind's name in the reader's language when it is one of ours."""
    known = {key: name for key, name, _i, _c in KINDS}
    return _(known[kind.key]) if kind.key in known else kind.name


def install_kinds(**_kwargs: object) -> None:
    """Create the shipped kinds; runs after each migration."""
    with opening():
        for position, (key, name, icon, computer) in enumerate(KINDS):
            AssetKind.objects.update_or_create(
                organisation=None,
                key=key,
                defaults={"name": name, "icon": icon, "computer": computer, "position": position},
            )
