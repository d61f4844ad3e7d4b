"""The recap of a play, as Ansible writes it."""

from __future__ import annotations

import pytest

from inception_bench.errors import BenchError
from inception_bench.unchanged import changed

RECAP = """
PLAY RECAP *********************************************************************
localhost                  : ok=32   changed=0    unreachable=0    failed=0    skipped=14   rescued=0    ignored=0
"""


def test_nothing_changed() -> None:
    assert changed(RECAP) == 0


def test_several_hosts_are_added_up() -> None:
    assert changed(RECAP.replace("changed=0", "changed=3") + RECAP.replace("changed=0", "changed=1")) == 4


def test_no_recap_is_an_error() -> None:
    with pytest.raises(BenchError, match="did not come to its end: ERROR! no such file"):
        changed("ERROR! no such file")
