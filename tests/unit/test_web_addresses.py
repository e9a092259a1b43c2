"""Which addresses may be called on behalf of others."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest

from producer.services.web_addresses import check_address, may_call, parsed_address
from worker.errors import WrongUse

INTERNAL = [ip_network("10.1.0.0/16"), ip_network("fd00::/8")]


@pytest.mark.parametrize(
    "ip",
    [
        "127.0.0.1",
        "127.8.9.1",
        "0.0.0.0",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fc00::1",
        "fec0::1",
        "ff0e::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::1",
        "2001:0:7f00:1::",
    ],
)
def test_what_is_not_of_the_whole_internet_is_refused(ip: str) -> None:
    assert not may_call(ip_address(ip), (), encrypted=True)


@pytest.mark.parametrize("ip", ["93.184.216.34", "2606:2800:220:1::1", "64:ff9b::5db8:d822"])
def test_a_public_address_is_called_over_tls_alone(ip: str) -> None:
    assert may_call(ip_address(ip), (), encrypted=True)
    assert not may_call(ip_address(ip), INTERNAL, encrypted=False)


@pytest.mark.parametrize("ip", ["10.1.2.3", "::ffff:10.1.2.3", "fd00::1"])
def test_a_network_that_a_setting_names_is_called_with_and_without_tls(ip: str) -> None:
    assert may_call(ip_address(ip), INTERNAL, encrypted=True)
    assert may_call(ip_address(ip), INTERNAL, encrypted=False)
    assert not may_call(ip_address("10.2.0.1"), INTERNAL, encrypted=True)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.org/x",
        "ftp://example.org/x",
        "https://",
        "https://user:secret@example.org/",
        "https://@example.org/",
        "https://example.org:0/",
        "https://example.org:99999/",
        "https://[::1/",
        "https://example.org/a b",
        "https://example.org/\r\nX: y",
        "https://bücher.example/",
        "https://example.org/#part",
        "https://example.org/" + "x" * 2000,
    ],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(WrongUse, match="a webhook is an address"):
        parsed_address(url)


def test_the_parts_of_an_address() -> None:
    there = parsed_address("https://example.org:8443/a/b?c=d")
    bare = parsed_address("http://[fd00::1]")

    assert (there.host, there.port, there.target) == ("example.org", 8443, "/a/b?c=d")
    assert (there.host_header, there.encrypted) == ("example.org:8443", True)
    assert (bare.host, bare.port, bare.target, bare.host_header) == ("fd00::1", 80, "/", "[fd00::1]")


@pytest.mark.parametrize("url", ["https://127.0.0.1/", "https://[::1]/", "https://169.254.169.254/latest"])
def test_a_private_address_is_refused_when_it_is_added(url: str) -> None:
    with pytest.raises(WrongUse, match="private network"):
        check_address(url, INTERNAL)


def test_without_tls_only_networks_of_the_settings_are_called() -> None:
    with pytest.raises(WrongUse, match="over https"):
        check_address("http://example.org/", ())
    check_address("http://10.1.2.3/", INTERNAL)
    check_address("https://example.org/", ())
