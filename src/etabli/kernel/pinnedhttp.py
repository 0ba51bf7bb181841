"""POST to an address somebody typed, without letting it reach our own network (server-side request forgery).

The name is resolved once, every address it has must be public, and the connection goes to one of those very
addresses: a name that changes its answer between the check and the call gains nothing. Redirects are not
followed.
"""

import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

TIMEOUT = 10.0
LONGEST = 20.0
MOST_READ = 4096
# Addresses that carry an IPv4 address inside: NAT64 (RFC 6052) is not told apart by the ipaddress module.
NAT64 = ipaddress.ip_network("64:ff9b::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class RequestFailed(Exception):
    """The request could not be made or got no answer; the message says why in a sentence."""


@dataclass(frozen=True)
class Answer:
    """What the server answered: its status and the beginning of its text."""

    status: int
    text: str


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    allow_private: bool = False,
    most: int = MOST_READ,
) -> Answer:
    """Send ``body`` and return the answer, within 20 s and up to ``most`` bytes of it.

    Raises :class:`RequestFailed`.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        raise RequestFailed(_("The address is not valid."))
    if parts.scheme not in ("http", "https") or not host:
        raise RequestFailed(_("The address must begin with https:// or http://."))
    address = resolve(host, port, allow_private=allow_private)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    client = _Pinned(host, port, address, parts.scheme == "https")
    # Socket time-outs are for each read: a server that sends a byte now and then is cut off here.
    cut = threading.Timer(LONGEST, client.cut)
    cut.start()
    try:
        client.request("POST", target, body=body, headers={**headers, "Connection": "close"})
        response = client.getresponse()
        return Answer(response.status, response.read(most).decode(errors="replace").replace("\0", ""))
    except TimeoutError:
        raise RequestFailed(_("%(host)s did not answer in time.") % {"host": host})
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise RequestFailed(_("%(host)s could not be reached: %(why)s") % {"host": host, "why": error})
    finally:
        cut.cancel()
        client.close()


def resolve(host: str, port: int, *, allow_private: bool = False) -> str:
    """The address to connect to; raises :class:`RequestFailed` when there is none, or one not public."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise RequestFailed(_("The name %(host)s was not found.") % {"host": host})
    addresses = [str(entry[4][0]).partition("%")[0] for entry in found]
    if not allow_private and not all(is_public(ipaddress.ip_address(one)) for one in addresses):
        raise RequestFailed(
            _("%(host)s is on a private network: an administrator may allow these in Settings → Webhooks.")
            % {"host": host}
        )
    return addresses[0]


def is_public(address: Address) -> bool:
    """Whether an address is on the public Internet, IPv4 addresses inside IPv6 ones included."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if address in NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
    return address.is_global and not address.is_multicast


class _Pinned(http.client.HTTPConnection):
    """A connection to one address, that still names the host in its Host header and in TLS."""

    def __init__(self, host: str, port: int, address: str, tls: bool) -> None:
        super().__init__(host, port, timeout=TIMEOUT)
        self.address, self.tls = address, tls
        self.default_port = 443 if tls else 80

    def connect(self) -> None:
        self.sock = socket.create_connection((self.address, self.port), TIMEOUT)
        if self.tls:
            self.sock = ssl.create_default_context().wrap_socket(self.sock, server_hostname=self.host)

    def cut(self) -> None:
        if self.sock is not None:
            self.sock.shutdown(socket.SHUT_RDWR)
