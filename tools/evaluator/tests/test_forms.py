"""What is typed into a form arrives in its own field, or is taken out again."""

from __future__ import annotations

import pytest

from inception_evaluate.collect.browser.walk import WalkError, fill_in


class Restless:
    """A page whose script moves the focus to the name, so often as it is told."""

    url = "https://wil.42.fr/wp-login.php"

    def __init__(self, times: int) -> None:
        self.times = times
        self.values = {"#user_login": "", "#user_pass": ""}

    def fill(self, selector: str, value: str) -> None:
        if selector == "#user_pass" and value and self.times:
            self.times -= 1
            selector = "#user_login"
        self.values[selector] = value

    def input_value(self, selector: str) -> str:
        return self.values[selector]


FIELDS = {"#user_login": "wil", "#user_pass": "Geheim-1"}


@pytest.mark.parametrize("times", [0, 1, 4])
def test_a_moved_focus_is_noticed(times: int) -> None:
    page = Restless(times)
    fill_in(page, FIELDS)
    assert page.values == FIELDS


def test_a_form_that_keeps_nothing_is_told_and_shows_no_password() -> None:
    page = Restless(99)
    with pytest.raises(WalkError, match="does not keep what is typed"):
        fill_in(page, FIELDS)
    assert page.values == {"#user_login": "", "#user_pass": ""}
