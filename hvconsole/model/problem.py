"""Problems: what goes wrong, told so that a person knows what to do.

    Problem                 the work failed (exit status 1)
    ├── UsageProblem        wrong words or configuration (exit status 2)
    ├── LinkProblem         the board cannot be reached, or was lost
    ├── BoardProblem        the board answers, but not as needed
    ├── RecordProblem       a session cannot be written or read
    └── Cancelled           the person said stop (exit status 130)

A problem carries a title (one line, names the thing), a detail (what was seen) and a hint (what
to do). The cause stays attached as ``__cause__``; raise problems ``from`` it.
"""

from __future__ import annotations


class Problem(Exception):  # noqa: N818  # a problem is told, an error is raised: one word for both
    """Something that a person must be told, with the way out.

    Args:
        title: One line that names the thing: ``no board is named 'bip'``.
        detail: What was seen, possibly several lines; shown under the title.
        hint: What to do about it, as a sentence or a command.
    """

    exit_code = 1

    def __init__(self, title: str, *, detail: str = "", hint: str = "") -> None:
        super().__init__(title)
        self.title = title
        self.detail = detail
        self.hint = hint

    def lines(self) -> list[str]:
        """Return the problem as plain lines: title, indented detail, hint."""
        out = [self.title]
        out += [f"  {line}" for line in self.detail.splitlines()]
        if self.hint:
            first, *rest = self.hint.splitlines()
            out += [f"  fix: {first}", *(f"       {line}" for line in rest)]
        return out

    def as_dict(self) -> dict[str, str]:
        """Return the problem for machine-readable output."""
        return {
            "problem": type(self).__name__,
            "title": self.title,
            "detail": self.detail,
            "hint": self.hint,
        }


class UsageProblem(Problem):
    """Wrong words on the command line or in a configuration file."""

    exit_code = 2


class LinkProblem(Problem):
    """The board cannot be reached, or the way to it was lost."""


class BoardProblem(Problem):
    """The board answers, but something on it is not as needed."""


class RecordProblem(Problem):
    """A session cannot be written or read."""


class Cancelled(Problem):
    """The person said stop."""

    exit_code = 130
