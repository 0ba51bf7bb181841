"""The kinds of assets every installation starts with."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as N_

from etabli.kernel.tenancy import opening

from .models import AssetKind

KINDS: list[tuple[str, str, str, bool]] = [
    ("laptop", N_("Laptop"), "device-laptop", True),
    ("desktop", N_("Desktop computer"), "device-desktop", True),
    ("server", N_("Server"), "server", True),
    ("vm", N_("Virtual machine"), "box-multiple", True),
    ("tablet", N_("Tablet"), "device-tablet", True),
    ("phone", N_("Phone"), "device-mobile", True),
    ("monitor", N_("Monitor"), "device-tv", False),
    ("printer", N_("Printer"), "printer", False),
    ("switch", N_("Switch"), "switch-horizontal", False),
    ("router", N_("Router"), "router", False),
    ("firewall", N_("Firewall"), "shield", False),
    ("access-point", N_("Wi-Fi access point"), "wifi", False),
    ("nas", N_("Storage"), "database", False),
    ("ups", N_("UPS"), "battery-3", False),
    ("dock", N_("Docking station"), "usb", False),
    ("peripheral", N_("Peripheral"), "mouse", False),
    ("other", N_("Other"), "box", False),
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
