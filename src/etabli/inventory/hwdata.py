"""Names of PCI and USB identifiers, from the lists that Debian's ``hwdata`` (or ``pci.ids``, ``usb.ids``)
installs.

The lists are read at the first name asked for; without them every name is empty and the agent's words serve.
Their form: a vendor is four hexadecimal digits and a name, its products follow on lines that begin with a
tab.
"""

import re
from collections.abc import Iterable
from functools import cache, lru_cache
from pathlib import Path

PLACES = (Path("/usr/share/hwdata"), Path("/usr/share/misc"), Path("/var/lib/usbutils"))
_VENDOR = re.compile(rb"^([0-9a-f]{4})  ?(.+)$", re.MULTILINE)
_CODE = re.compile(r"[0-9a-f]{4}")


class Names:
    """One list. Vendors are found at once, the products of a vendor when one is asked for."""

    def __init__(self, content: bytes) -> None:
        # Device classes follow the vendors; their first line begins with « C ».
        self.content = content.partition(b"\nC 00")[0]
        found = [(match[1].decode(), match[2], match.end()) for match in _VENDOR.finditer(self.content)]
        ends = [*(start for _code, _name, start in found[1:]), len(self.content)]
        self.vendors = {
            code: (name, start, end) for (code, name, start), end in zip(found, ends, strict=False)
        }

    def __call__(self, vendor: str, product: str) -> tuple[str, str]:
        """The names of a vendor and of its product, each empty when it is not listed."""
        known = self.vendors.get(vendor)
        if known is None:
            return "", ""
        name, start, end = known
        match = re.search(rb"^\t" + product.encode() + rb"  ?(.+)$", self.content[start:end], re.MULTILINE)
        return _text(name), _text(match[1]) if match else ""


def _text(name: bytes) -> str:
    return name.decode("utf-8", "replace").strip()


def load(file: str, places: Iterable[Path] = PLACES) -> Names:
    """The list of this name from the first place that has it; an empty one when none has."""
    for place in places:
        try:
            return Names((place / file).read_bytes())
        except OSError:
            continue
    return Names(b"")


@cache
def _names(file: str) -> Names:
    return load(file)


@lru_cache(maxsize=4096)
def _lookup(file: str, vendor: str, product: str) -> tuple[str, str]:
    return _names(file)(vendor, product)


def pci(vendor: str, product: str) -> tuple[str, str]:
    """Vendor and product names of PCI identifiers, four hexadecimal digits each."""
    return _asked("pci.ids", vendor, product)


def usb(vendor: str, product: str) -> tuple[str, str]:
    """Vendor and product names of USB identifiers, four hexadecimal digits each."""
    return _asked("usb.ids", vendor, product)


def _asked(file: str, vendor: str, product: str) -> tuple[str, str]:
    vendor, product = vendor.lower(), product.lower()
    if not _CODE.fullmatch(vendor) or not _CODE.fullmatch(product):
        return "", ""
    return _lookup(file, vendor, product)
