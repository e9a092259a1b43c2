"""Addresses that others give and that we call: which are allowed, before and after names are resolved.

Whoever may add a webhook must not reach with it what only this machine reaches (server-side request forgery).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from worker.errors import WrongUse
from worker.settings import IPNetwork

#: Characters of the longest address.
LONGEST_ADDRESS = 2000
_PORTS = {"https": 443, "http": 80}
#: What may stand in an address: no space, nothing that ends a line, nothing that is not ASCII.
_PLAIN = re.compile(r"[\x21-\x7e]+")
#: IPv6 addresses in which an IPv4 address stands, and how many bits follow that one: NAT64, and 6to4.
_CARRIERS = ((IPv6Network("64:ff9b::/96"), 0), (IPv6Network("2002::/16"), 80))


@dataclass(frozen=True, slots=True)
class WebAddress:
    """The parts of an http or https address; `target` is path and query."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def encrypted(self) -> bool:
        """Whether it is called over TLS."""
        return self.scheme == "https"

    @property
    def host_header(self) -> str:
        """The Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


def parsed_address(url: str) -> WebAddress:
    """The parts of an address. WrongUse for what is none, or carries a login."""
    wrong = WrongUse("a webhook is an address like https://host/path, without a login or a fragment")
    if len(url) > LONGEST_ADDRESS or not _PLAIN.fullmatch(url):
        raise wrong
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise wrong from error
    if parts.scheme not in _PORTS or not host or port == 0 or "@" in parts.netloc or "#" in url:
        raise wrong
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return WebAddress(parts.scheme, host, port or _PORTS[parts.scheme], target)


def check_address(url: str, networks: Sequence[IPNetwork]) -> None:
    """WrongUse for an address that is never called: one on a private network, or without TLS.

    Of a name, only its resolution says where it leads: that is looked at with each call.
    """
    address = parsed_address(url)
    if not address.encrypted and not networks:
        raise WrongUse("a webhook is called over https")
    try:
        literal = ip_address(address.host)
    except ValueError:
        return
    if not may_call(literal, networks, encrypted=address.encrypted):
        raise WrongUse(
            "a webhook must not lie on a private network; COUNTERSIGN_WEBHOOK_NETWORKS allows some"
        )


def may_call(ip: IPv4Address | IPv6Address, networks: Sequence[IPNetwork], *, encrypted: bool) -> bool:
    """Whether this address may be called: one of the whole internet over TLS, or one of these networks."""
    plain = _carried(ip)
    if any(plain in network for network in networks if network.version == plain.version):
        return True
    local = plain.is_multicast or (isinstance(plain, IPv6Address) and plain.is_site_local)
    return encrypted and plain.is_global and not local


def _carried(ip: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that an IPv6 address stands for, however it is wrapped; else the address itself."""
    if isinstance(ip, IPv4Address):
        return ip
    if ip.ipv4_mapped is not None:
        return ip.ipv4_mapped
    for network, behind in _CARRIERS:
        if ip in network:
            return IPv4Address((int(ip) >> behind) & 0xFFFFFFFF)
    return ip
