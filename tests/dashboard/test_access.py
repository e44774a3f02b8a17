"""Who is let in."""

import pytest

from fairasr.core.errors import OutputError
from fairasr.dashboard.access import Access, is_loopback

TOKEN = "a-token-that-is-long-enough"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_this_machines_own_addresses_need_no_token(host: str) -> None:
    assert is_loopback(host)
    assert Access(host=host).is_known("")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "dashboard.example", "127.0.0.1.example"])
def test_any_other_address_needs_a_token_of_some_length(host: str) -> None:
    with pytest.raises(OutputError, match="Give --token with at least 16 characters"):
        Access(host=host)
    with pytest.raises(OutputError, match="the token has 5 characters; at least 16"):
        Access(host=host, token="short")
    assert not Access(host=host, token=TOKEN).is_known("")


def test_only_the_token_and_its_cookie_open_the_door() -> None:
    access = Access(host="0.0.0.0", token=TOKEN)
    assert access.is_token(TOKEN)
    assert not access.is_token(TOKEN[:-1])
    assert not access.is_token("")
    assert access.is_known(access.cookie())
    assert not access.is_known(TOKEN)
    assert access.cookie() != Access(host="0.0.0.0", token=TOKEN + "x").cookie()
    assert TOKEN not in access.cookie()


def test_a_name_that_is_not_a_text_of_ascii_is_no_token() -> None:
    assert not Access(host="0.0.0.0", token=TOKEN).is_token("töken")


@pytest.mark.parametrize(
    ("header", "is_own"),
    [
        ("localhost:8050", True),
        ("127.0.0.1:8050", True),
        ("[::1]:8050", True),
        ("127.0.0.1", True),
        ("evil.example:8050", False),
        ("127.0.0.1.evil.example", False),
        ("", False),
    ],
)
def test_a_page_elsewhere_cannot_ask_by_pointing_its_own_name_here(header: str, *, is_own: bool) -> None:
    assert Access(host="127.0.0.1").is_own_host(header) == is_own
