"""Addresses: what is chosen stands in them, and what is not there is said."""

import pytest

from fairasr.dashboard.address import LONGEST_TEXT, Address, AddressError, Choice

CHOICES = [
    Choice(name="system", words="System", options={"a": "A", "b & c": "B and C"}, default="a", resets=("cohort", "page")),
    Choice(name="cohort", words="Group", options={"north": "North", "süd/1": "South"}, default="", resets=("page",)),
    Choice(name="find", words="Words to find", options={}, default="", is_text=True),
    Choice(name="page", words="Page", options={}, default="1", is_number=True),
]


def address(**given: str) -> Address:
    return Address("/result/demo/v 1", CHOICES, given)


def test_an_address_without_choices_has_no_query() -> None:
    assert address().link() == "/result/demo/v%201"


def test_choices_survive_the_way_into_an_address_and_back() -> None:
    from urllib.parse import parse_qsl, urlsplit

    link = address(system="b & c").link(cohort="süd/1", find="a=b&c <x>")
    again = address(**dict(parse_qsl(urlsplit(link).query)))
    assert again.values == {"system": "b & c", "cohort": "süd/1", "find": "a=b&c <x>", "page": "1"}


def test_a_choice_resets_what_depends_on_it_and_keeps_the_rest() -> None:
    chosen = address(cohort="north", page="7", find="x")
    assert chosen.link(system="b & c") == "/result/demo/v%201?system=b+%26+c&find=x"
    assert chosen.link(cohort="north") == "/result/demo/v%201?cohort=north&find=x&page=7"
    assert chosen.link(page="8") == "/result/demo/v%201?cohort=north&find=x&page=8"


def test_every_broken_value_is_named_with_what_there_is() -> None:
    with pytest.raises(AddressError) as raised:
        address(system="z", cohort="east", find="x" * (LONGEST_TEXT + 1))
    assert raised.value.parts == (
        "System: there is no 'z'; there are a, b & c.",
        "Group: there is no 'east'; there are north, süd/1.",
        "Words to find: 201 characters are more than 200. Shorten it.",
    )


@pytest.mark.parametrize("page", ["0", "-1", "x", "1.5", "١", "9" * 40, ""])
def test_a_page_is_a_number_from_1(page: str) -> None:
    with pytest.raises(AddressError, match="is no number from 1"):
        address(page=page)


def test_names_that_are_no_choice_are_ignored() -> None:
    assert address(utm_source="mail").link() == "/result/demo/v%201"


def test_a_static_page_leads_nowhere() -> None:
    static = Address("/result/x", CHOICES, {}, is_static=True)
    assert static.link(system="b & c") == ""
    assert {option.link for option in static.control("system").options} == {""}
