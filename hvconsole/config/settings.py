"""The user's settings, and where each value comes from."""

from __future__ import annotations

import os
from typing import Any

import msgspec

from hvconsole.config.paths import settings_file
from hvconsole.config.toml import convert, read_toml
from hvconsole.model.problem import UsageProblem

_PREFIX = "HVCONSOLE_"


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a person can set once for all boards.

    Attributes:
        theme: Name of the theme; empty follows the terminal (``NO_COLOR``) or takes ``dark``.
        frames_per_second: How often the console paints, 1 to 30.
        record: Whether the console records from the start.
        keys: Own keys: the id of a binding, and the keys (comma separated) that trigger it.
    """

    theme: str = ""
    frames_per_second: int = 10
    record: bool = True
    keys: dict[str, str] = {}


class Sourced(msgspec.Struct, frozen=True):
    """Settings with the origin of each value: ``default``, a file, or an environment variable."""

    settings: Settings
    origin: dict[str, str]


def load_settings() -> Sourced:
    """Read settings.toml and the environment (``HVCONSOLE_THEME`` and so on), in that order.

    Raises:
        UsageProblem: The file or a variable is not as it should be.
    """
    path = settings_file()
    origin = dict.fromkeys(Settings.__struct_fields__, "default")
    values: dict[str, Any] = {}
    if path.exists():
        values = read_toml(path)
        origin |= {key: str(path) for key in values if key in origin}
    settings = convert(values, Settings, source=path)
    for name in ("theme", "frames_per_second", "record"):
        variable = _PREFIX + name.upper()
        if (text := os.environ.get(variable)) is not None:
            settings = _from_variable(settings, name, variable, text)
            origin[name] = f"${variable}"
    if not 1 <= settings.frames_per_second <= 30:  # noqa: PLR2004  # the documented range
        raise UsageProblem(
            f"frames_per_second = {settings.frames_per_second} ({origin['frames_per_second']})",
            hint="choose 1 to 30",
        )
    return Sourced(settings, origin)


def _from_variable(settings: Settings, name: str, variable: str, text: str) -> Settings:
    wanted = type(getattr(settings, name))
    try:
        value = msgspec.convert(text, wanted, strict=False)
    except msgspec.ValidationError as error:
        raise UsageProblem(
            f"{variable}={text!r} is no {wanted.__name__}",
            hint=f"unset it, or set {name} in {settings_file()}",
        ) from error
    return msgspec.structs.replace(settings, **{name: value})
