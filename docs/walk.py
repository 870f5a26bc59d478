"""A newcomer's first minutes on the simulated board, typed into a real terminal (tmux).

``python docs/walk.py [FOLDER]`` opens ``hvconsole`` and does what a person would do with keys and
mouse: connect, look around, pick out a range of time, boot into Xen, create a guest, give it a
scheduler of its own, play the recording, export it, compare it, leave. After each step it waits for
what the person would wait for, and keeps the screen in FOLDER, as text and with its colours. It
ends with status 1, and shows the screen it was left with, where that does not come. Needs tmux.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

PATIENCE_S = 90.0
SIZE = (120, 36)
# The shell tells the end by itself: tmux may learn much later that a program has ended.
_TOLD = '"$0" "$@"; echo "left with status $?"; exec sleep 600'
LEFT = r"left with status 0"


@dataclass(frozen=True)
class Step:
    """What is done, and what must be seen after it: a regular expression over the screen.

    `keys` are tmux's names of keys; ``click TEXT`` clicks on a text, ``type TEXT`` types it.
    """

    name: str
    keys: tuple[str, ...]
    seen: str
    linger_s: float = 0.0  # longer than it takes: so that the picture has something to show


STEPS = (
    Step("boards", (), r"simulated Banana Pi"),
    Step("measuring", ("Enter",), r"▸ following(.*\n)+.*CPU 1 +\d", 6.0),
    Step("help", ("?",), r"Zoom in on time"),
    Step("zoomed", ("Escape", "+", "+"), r" 2 s  ▸ following| 3 s  ▸ following"),
    Step("longest", ("x",), r"CPU 1 .*µs"),
    Step("range", ("a", "S-Left", "S-Left", "S-Left", "a"), r"figures of \d"),
    Step("range-table", ("i",), r"longest at"),
    Step("curve", ("Escape", "Escape", "v"), r"longer than, a second"),
    Step("followed", ("r", "f"), r"▸ following"),
    Step("board", ("F7",), r"Debian GNU/Linux 12.*simulated"),
    Step("doctor", ("d",), r"\d+ ok"),
    Step("modes", ("b",), r"boot into which mode"),
    Step("agree", ("click xen-credit ",), r"boot sim into xen-credit\?"),
    Step("booted", ("Tab", "Enter"), r"proven: xen-credit"),
    Step("xen", ("Escape", "F3"), r"Domain-0 \(here\)(.*\n)+.*vCPU 1"),
    Step("menu", ("Enter",), r"create a guest"),
    Step("create", ("click create a guest",), r"\$ xl create .*busy\.cfg"),
    Step("created", ("click Do it",), r"✓"),
    Step("guest", (), r"busy +running", 3.0),
    Step("busy", ("click busy ", "Enter"), r"switch 'busy' to another scheduler"),
    Step("switch", ("click switch 'busy' to",), r"CPU 1 leaves Pool-0"),
    Step("scheduler", ("click credit2 ",), r"rtds"),
    Step("rtds", ("click rtds",), r"cpupool-create .*sched=.rtds"),
    Step("switched", ("click Do it",), r"hv-rtds +rtds +1 guest", 4.0),
    Step("markers", ("F2",), r"done: switch|▼ .*(busy|pool)", 2.0),
    Step("paused", ("p",), r"VIEW PAUSED"),
    Step("log", ("F8",), r"did +\$? +"),
    Step("palette", ("C-p", "type screenshot"), r"(?i)screenshot"),
    Step("sessions", ("Escape", "F6"), r"sim-\d+.*recording"),
    Step("stopped", ("F2", "p", "s"), r"■ ended"),
    Step("leave", ("F6", "Enter"), r"leave sim and play"),
    Step("playing", ("click Play ",), r"seek(.*\n)*.*speed", 3.0),
    Step("faster", ("]", "]", "."), r"×4"),
    Step("export", ("F6", "e"), r"writes Parquet"),
    Step("exported", ("Enter",), r"rows in"),
    Step("compare", ("x",), r"switches a second longer than"),
    Step("why", ("Down", "Enter"), r"· why(.*\n)+.*underpowered", 1.0),
    Step("command", ("Escape", "c"), r"command.* copied|copied.*command"),
    Step("left", ("q",), LEFT),
)


class Terminal:
    """A tmux server of its own, with the console in it."""

    def __init__(self, folder: Path, size: tuple[int, int]) -> None:
        self._folder = str(folder)
        self._socket = str(folder / "tmux")
        self._size = size

    def __call__(self, *words: str) -> str:
        """Run one tmux command; return what it wrote."""
        command = ["tmux", "-S", self._socket, "-f", "/dev/null", *words]
        # What says how large a terminal is would outweigh the terminal.
        environment = {k: v for k, v in os.environ.items() if k not in {"COLUMNS", "LINES"}}
        return subprocess.run(
            command, check=True, capture_output=True, text=True, env=environment
        ).stdout

    def begin(self, command: list[str], environment: dict[str, str]) -> None:
        """Open it with a command in it; it stays, and says how that ended, when it has."""
        wide, high = map(str, self._size)
        set_words = [
            word for name, value in environment.items() for word in ("-e", f"{name}={value}")
        ]
        place = ["-c", self._folder, "-x", wide, "-y", high]
        self("new-session", "-d", *place, *set_words, shlex.join(["sh", "-c", _TOLD, *command]))

    def screen(self, *, colours: bool = False) -> str:
        """Return what it shows."""
        return self("capture-pane", "-p", *(["-e"] if colours else []))

    def do(self, keys: tuple[str, ...]) -> None:
        """Press keys, click, or type; what is clicked on has to be there."""
        for key in keys:
            if key.startswith("click "):
                self.wait(re.escape(key.removeprefix("click ")), PATIENCE_S)
                self._click(key.removeprefix("click "))
            elif key.startswith("type "):
                self("send-keys", "-l", key.removeprefix("type "))
            else:
                self("send-keys", key)
            # A terminal takes Esc and a key at once for Alt and that key.
            time.sleep(0.4 if key == "Escape" else 0.15)

    def does(self, step: Step) -> bool:
        """Do a step and wait for what it brings; click again where nothing came of it."""
        self.do(step.keys)
        clicks = tuple(key for key in step.keys[-1:] if key.startswith("click "))
        seen = not clicks or self.wait(step.seen, PATIENCE_S / 4)
        if not seen and clicks[0].removeprefix("click ") in self.screen():
            self.do(clicks)  # what was clicked on may have moved just then: a person clicks again
        return self.wait(step.seen, PATIENCE_S)

    def wait(self, seen: str, patience_s: float) -> bool:
        """Wait until the screen matches."""
        end = time.monotonic() + patience_s
        while time.monotonic() < end:
            if re.search(seen, self.screen()):
                return True
            time.sleep(0.2)
        return False

    def end(self) -> None:
        """Close it."""
        subprocess.run(
            ["tmux", "-S", self._socket, "kill-server"], check=False, capture_output=True
        )

    def _click(self, text: str) -> None:
        """Press and release the left button on a text (xterm's SGR mouse reports)."""
        for y, line in enumerate(self.screen().split("\n"), 1):
            if text in line:
                x = line.index(text) + 2
                for kind in "Mm":
                    self("send-keys", "-l", f"\x1b[<0;{x};{y}{kind}")
                return
        raise LookupError(text)


def walk(folder: Path) -> int:
    """Go through all steps; return the exit status."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="walk-") as home:
        places = {
            f"XDG_{name}_HOME": f"{home}/{name.lower()}" for name in ("STATE", "DATA", "CONFIG")
        }
        runtime = Path(home, "run")
        runtime.mkdir(mode=0o700)
        terminal = Terminal(Path(home), SIZE)
        terminal.begin(
            [sys.executable, "-m", "hvconsole"],
            {
                **places,
                "XDG_RUNTIME_DIR": str(runtime),
                "COLORTERM": "truecolor",
                "HVCONSOLE_SESSIONS_DIR": f"{home}/sessions",
            },
        )
        try:
            for number, step in enumerate(STEPS):
                if not terminal.does(step):
                    print(terminal.screen())
                    print(
                        f"{step.name}: {step.seen!r} was not seen after {step.keys}",
                        file=sys.stderr,
                    )
                    return 1
                time.sleep(step.linger_s)
                name = folder / f"{number:02}-{step.name}"
                name.with_suffix(".txt").write_text(terminal.screen())
                name.with_suffix(".ansi").write_text(terminal.screen(colours=True))
                print(f"{step.name:12} seen", flush=True)
        finally:
            terminal.end()
    return 0


if __name__ == "__main__":
    if shutil.which("tmux") is None:
        sys.exit("tmux is not installed: apt install tmux")
    os.umask(0o077)
    sys.exit(walk(Path(sys.argv[1] if len(sys.argv) > 1 else "walk")))
