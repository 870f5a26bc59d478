"""What all tests share."""

import os
import shutil
from collections.abc import Callable
from typing import NoReturn

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes says how busy the machine is, and nothing about what is tested.
settings.register_profile("anywhere", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("anywhere")

_SYSTEM_PLACES = "/usr/sbin:/sbin:/usr/local/sbin"


@pytest.fixture(scope="session")
def missing() -> Callable[[str], NoReturn]:
    """Return a function that skips the test for a reason, or fails it if nothing may be skipped.

    With HVCONSOLE_TEST_ALL=1 (as the check before a change lands has it) what is missing is a
    failure: a test that is always skipped checks nothing.
    """

    def refuse(reason: str) -> NoReturn:
        if os.environ.get("HVCONSOLE_TEST_ALL") == "1":
            pytest.fail(f"{reason}, and HVCONSOLE_TEST_ALL=1 asks for all tests")
        pytest.skip(reason)

    return refuse


@pytest.fixture(scope="session")
def require(missing: Callable[[str], NoReturn]) -> Callable[[str], str]:
    """Return a function that gives the path of a tool: ``require("sshd")``; see `missing`."""

    def find(tool: str) -> str:
        path = shutil.which(tool) or shutil.which(tool, path=_SYSTEM_PLACES)
        return path or missing(f"{tool} is not installed")

    return find
