"""What xentop says in batch mode, page by page, over one channel that stays open.

Format: tools/xentop/xentop.c of Xen 4.11 to 4.20. Columns are right-aligned and separated by a
blank; a name that is longer than its column widens its row alone, and may hold blanks; so rows are
read from the right. Percentages are of one CPU, over the time since the page before; the first page
has none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from hvconsole.link.protocol import Link, Process

SHARE: Final = 0.02
"""Of a CPU's time that looking at the load may cost; above it, pages come less often."""
LEAST_S: Final = 1
MOST_S: Final = 60
_HEAD: Final = re.compile(r"\s*NAME\s+STATE\s+CPU\(sec\)\s+CPU\(%\)\s.*")
_ROW: Final = re.compile(
    # ds b c p r, each in its place; older builds print fewer columns at the end.
    r"\s*(?P<name>.*?) (?P<state>[d-][s-][b-][c-][p-][r-]) +(?P<seconds>\d+) +(?P<percent>\d+\.\d)"
    r" +(?P<memory>\d+) +\d+\.\d +(?:\d+|no limit) +(?:\d+\.\d|n/a) +(?P<vcpus>\d+)(?: +\d+)*"
)
_LINE: Final = 4096
_FIRST_KNOWN: Final = 2  # heads that come before the first page with percentages ends
# The board's tick of process times; 100 on every Linux that runs on ARM or x86.
_TICKS: Final = 100.0

# xentop in the background; each line on our input asks for its own CPU time; when our input ends,
# so does it. Builtins alone: asking starts no process.
_SCRIPT: Final = (
    'xentop -b -f -d "$1" -i "$2" & p=$!; '
    "trap 'kill $p 2>/dev/null' EXIT; trap 'exit 0' HUP INT TERM; "
    "while read -r _; do "
    'read -r stat 2>/dev/null </proc/$p/stat && printf "%s\\n" "$stat" >&2; '
    "kill -0 $p 2>/dev/null || { wait $p; exit $?; }; done"
)


@dataclass(frozen=True, slots=True)
class TopRow:
    """One domain of a page.

    Attributes:
        name: Its name; xentop knows no numbers.
        state: d(ying) s(hut down) b(locked) c(rashed) p(aused) r(unning), a dash for each that it
            is not.
        seconds: CPU time since its start, whole seconds.
        percent: Of one CPU, since the page before; 0 on a domain's first page.
        memory_kib: Memory it has.
        vcpus: How many it has.
    """

    name: str
    state: str
    seconds: int
    percent: float
    memory_kib: int
    vcpus: int


Page = tuple[TopRow, ...]


class PageReader:
    """Takes xentop's output as it comes, and gives whole pages.

    A page ends where the next one's head begins, so one is given when it is one delay old. The
    first knows no percentages and is not given. What is no row is counted and left out.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._rows: list[TopRow] = []
        self._heads = 0
        self.odd = 0

    def feed(self, data: bytes) -> list[Page]:
        """Take bytes; return the pages that they completed."""
        *lines, rest = (self._rest + data).split(b"\n")
        self._rest = rest[-_LINE:]
        pages = []
        for line in lines:
            text = line[-_LINE:].decode("utf-8", "backslashreplace").rstrip("\r ")
            if _HEAD.fullmatch(text):
                self._heads += 1
                if self._heads > _FIRST_KNOWN:
                    pages.append(tuple(self._rows))
                self._rows = []
            elif self._heads and (row := _row(text)) is not None:
                self._rows.append(row)
            elif text:
                self.odd += 1
        return pages


def _row(text: str) -> TopRow | None:
    found = _ROW.fullmatch(text)
    if found is None:
        return None
    return TopRow(
        name=found["name"],
        state=found["state"],
        seconds=int(found["seconds"]),
        percent=float(found["percent"]),
        memory_kib=int(found["memory"]),
        vcpus=int(found["vcpus"]),
    )


def own_seconds(stat: bytes) -> float | None:
    """Return a process's CPU time from the newest whole line of ``/proc/PID/stat``, in seconds.

    Fields 14 and 15 (proc(5)), counted from behind the name, which may hold anything.
    """
    whole = stat.rpartition(b"\n")[0].rpartition(b"\n")[2]
    fields = whole.rpartition(b")")[2].split()
    if len(fields) < 13 or not (fields[11].isdigit() and fields[12].isdigit()):  # noqa: PLR2004  # of 52
        return None
    return (int(fields[11]) + int(fields[12])) / _TICKS


@dataclass(frozen=True, slots=True)
class Load:
    """What is known of the load, and what knowing it cost.

    Attributes:
        rows: The newest page.
        pages: How many pages came.
        size: Bytes that came over the link.
        every_s: Time between two pages, in seconds.
        own_s: CPU time that xentop took in dom0 since it began, in seconds; None where the board
            does not tell.
    """

    rows: Page = ()
    pages: int = 0
    size: int = 0
    every_s: int = 0
    own_s: float | None = None


class LoadStream:
    """One xentop on the board, and its pages.

    Args:
        link: The way to dom0.
        root: Words before root's commands.
    """

    def __init__(self, link: Link, *, root: Sequence[str] = ()) -> None:
        self._link = link
        self._root = tuple(root)
        self._reader = PageReader()
        self._process: Process | None = None
        self._take: Callable[[Load], None] = lambda _load: None
        self._every_s = LEAST_S
        self._page: Page = ()
        self._pages = self._size = 0
        self._own_before = 0.0  # of those that ended

    @property
    def load(self) -> Load:
        """The newest page and the costs."""
        process = self._process
        own = own_seconds(process.stderr) if process is not None else None
        return Load(
            rows=self._page,
            pages=self._pages,
            size=self._size,
            every_s=self._every_s,
            own_s=None if own is None else own + self._own_before,
        )

    @property
    def is_running(self) -> bool:
        """Whether pages come."""
        return self._process is not None

    async def start(
        self, every_s: int, most: int, take: Callable[[Load], None] | None = None
    ) -> None:
        """Begin.

        Args:
            every_s: Seconds between two pages, from `LEAST_S` to `MOST_S`.
            most: It ends by itself after so many pages, whatever happens to us.
            take: Told of each whole page.

        Raises:
            LinkProblem: The board was lost.
        """
        self._reader = PageReader()
        self._every_s = min(max(every_s, LEAST_S), MOST_S)
        self._take = take or self._take
        words = [*self._root, "sh", "-c", _SCRIPT, "xentop", str(self._every_s), str(most)]
        self._process = await self._link.stream(words, self._feed)

    async def wait(self) -> int:
        """Wait until it ended by itself; return its status, -1 where none runs."""
        return await self._process.wait() if self._process is not None else -1

    @property
    def said(self) -> str:
        """What it complained of last."""
        raw = self._process.stderr if self._process is not None else b""
        lines = raw.decode("utf-8", "backslashreplace").strip().splitlines()
        return next((line for line in reversed(lines) if "(xentop)" not in line), "")

    def stop(self) -> None:
        """End it; safe to call twice."""
        process, self._process = self._process, None
        if process is not None:
            self._own_before += own_seconds(process.stderr) or 0.0
            process.close_stdin()

    def _feed(self, data: bytes) -> None:
        self._size += len(data)
        for page in self._reader.feed(data):
            self._page = page
            self._pages += 1
            self._take(self.load)
        if self._process is not None:
            self._process.write(b"\n")  # and what did that cost you?


def calmer(every_s: int, own_s: float, over_s: float) -> int:
    """Return the time to leave between pages from now on: longer where looking is dear.

    Args:
        every_s: Seconds between pages until now.
        own_s: CPU time that xentop took.
        over_s: Over how long.
    """
    dear = over_s > 0 and own_s / over_s > SHARE
    return min(every_s * 2, MOST_S) if dear else every_s
