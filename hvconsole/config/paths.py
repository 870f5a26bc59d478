"""Where hvconsole keeps what: the XDG folders, each of them movable by an environment variable."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import PlatformDirs

from hvconsole.config.named import named

_DIRS = PlatformDirs("hvconsole", appauthor=False)


def config_dir() -> Path:
    """Folder of boards.toml, settings.toml and the user's themes (``HVCONSOLE_CONFIG_DIR``)."""
    return _from_environment("HVCONSOLE_CONFIG_DIR", _DIRS.user_config_path)


def cache_dir() -> Path:
    """Folder of what can be made again: built probes, lab images (``HVCONSOLE_CACHE_DIR``)."""
    return _from_environment("HVCONSOLE_CACHE_DIR", _DIRS.user_cache_path)


def state_dir() -> Path:
    """Folder of host keys, undo journals and logs (``HVCONSOLE_STATE_DIR``)."""
    return _from_environment("HVCONSOLE_STATE_DIR", _DIRS.user_state_path)


def sessions_dir() -> Path:
    """Folder of what the console records (``HVCONSOLE_SESSIONS_DIR``)."""
    return _from_environment("HVCONSOLE_SESSIONS_DIR", _DIRS.user_data_path / "sessions")


def plans_dir() -> Path:
    """Folder of the user's own campaign plans."""
    return config_dir() / "plans"


def boards_file() -> Path:
    """The user's own boards."""
    return config_dir() / "boards.toml"


def settings_file() -> Path:
    """The user's settings."""
    return config_dir() / "settings.toml"


def _from_environment(name: str, otherwise: Path) -> Path:
    value = os.environ.get(name)
    return named(value) if value else otherwise
