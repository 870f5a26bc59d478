"""Numbers as a person reads them: three significant digits, a unit, a width that holds still."""

from __future__ import annotations

import math

NOTHING = "–"

_LENGTHS = ((1.0, "ns"), (1e3, "µs"), (1e6, "ms"), (1e9, "s"), (1e12, "ks"), (1e15, "Ms"))
_COUNTS = ((1.0, ""), (1e3, "k"), (1e6, "M"), (1e9, "G"), (1e12, "T"), (1e15, "P"))
_BYTES = ((1.0, "B"), (1e3, "kB"), (1e6, "MB"), (1e9, "GB"), (1e12, "TB"))
_FREQUENCIES = ((1.0, "Hz"), (1e3, "kHz"), (1e6, "MHz"), (1e9, "GHz"))
_ABSURD_SHARE = 9.99
_ABSURD = 1e300
_MINUTE = 60.0
_HOUR = 3600.0


def duration(ns: float) -> str:
    """Say a length in ns, at most seven cells: ``48.3 µs``."""
    return _scaled(ns, _LENGTHS, " ")


def count(number: float) -> str:
    """Say a number, at most five cells: ``1234``, ``12.3k``."""
    if number == int(number) if math.isfinite(number) else False:
        if abs(number) < 10_000:  # noqa: PLR2004  # four digits are read as easily as three
            return str(int(number))
    elif math.isfinite(number) and abs(number) < 1:
        return f"{number:.2f}"
    return _scaled(number, _COUNTS, "")


def rate(per_second: float) -> str:
    """Say a rate, at most five cells: ``250``, ``1.23k``, ``0.05``."""
    if 0 < per_second < 0.005:  # noqa: PLR2004  # what would round to 0.00
        return "<.01"
    if 0 <= per_second < 1:
        return f"{per_second:.2f}"
    return _scaled(per_second, _COUNTS, "")


def grouped(number: int, limit: int) -> str:
    """Say a number in full with groups of three, shorter where that takes more than `limit`."""
    text = f"{number:,}".replace(",", " ")
    return text if len(text) <= limit else count(number)


def lost_share(share: float) -> str:
    """Say a share of time as percent, at most seven cells; what is not nothing never shows as 0."""
    if not math.isfinite(share):
        return NOTHING
    percent = min(max(share, 0.0), _ABSURD_SHARE) * 100
    if 0 < percent < 0.001:  # noqa: PLR2004  # the smallest that is shown as a figure
        return "<.001 %"
    return f"{_three_digits(percent)} %" if percent else "0 %"


def coverage(share: float) -> str:
    """Say how much was watched, at most six cells; only all of it shows as 100 %."""
    if not math.isfinite(share):
        return NOTHING
    percent = min(max(share, 0.0), 1.0) * 100
    if percent >= 100 - 1e-9:
        return "100 %"
    return f"{math.floor(percent * 10) / 10:.1f} %"


def size(number: int) -> str:
    """Say a number of bytes: ``12.3 MB``."""
    return f"{number} B" if number < 1000 else _scaled(number, _BYTES, " ")  # noqa: PLR2004


def frequency(hertz: int) -> str:
    """Say a frequency with the digits it has: ``24 MHz``, ``62.5 MHz``."""
    factor, unit = max(pair for pair in _FREQUENCIES if pair[0] <= max(hertz, 1))
    return f"{hertz / factor:.6g} {unit}"


def clock(seconds: float) -> str:
    """Say time since the start of a run: ``12.3 s``, ``2:05``, ``1:02:05``."""
    if not math.isfinite(seconds):
        return NOTHING
    sign = "−" if seconds < 0 else ""
    seconds = abs(seconds)
    if seconds < _MINUTE - 0.05:
        return f"{sign}{seconds:.1f} s"
    return sign + _colons(int(seconds))


def moment(seconds: float, step: float) -> str:
    """Say a moment on a time axis whose labels lie `step` seconds apart: as exact as needed."""
    places = min(max(-math.floor(math.log10(step) + 1e-9), 0), 9) if step > 0 else 0
    if abs(seconds) < _MINUTE:
        return f"{seconds:.{places}f} s".replace("-", "−")
    whole = math.floor(round(seconds, places) + 1e-9)
    fraction = f"{seconds - whole:.{places}f}"[1:] if places else ""
    return _colons(whole) + fraction


def exact_moment(seconds: float, span: float) -> str:
    """Say a moment under a cursor, good to about a thousandth of the view's span."""
    return moment(seconds, span / 1000 if span > 0 else 1.0)


def axis_length(ns: float) -> str:
    """Say a length at an axis: no more digits than it has, ``10 µs``, ``2.5 ms``."""
    return _short(ns, _LENGTHS, " ")


def axis_count(number: float) -> str:
    """Say a number at an axis: ``100``, ``2.5k``."""
    return _short(number, _COUNTS, "")


def span(seconds: float) -> str:
    """Say how long a view is: ``10 s``, ``500 ms``, ``5 min``."""
    if seconds >= _HOUR:
        return f"{seconds / _HOUR:.3g} h"
    if seconds >= _MINUTE:
        return f"{seconds / _MINUTE:.3g} min"
    return _short(seconds * 1e9, _LENGTHS, " ")


def approximate(seconds: float) -> str:
    """Say a time ahead, as exactly as one knows such a thing: ``2 h 5 min``, ``40 s``."""
    minutes = round(seconds / 60)
    if minutes >= 60:  # noqa: PLR2004  # minutes an hour
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes} min" if minutes else f"{seconds:.0f} s"


def _colons(seconds: int) -> str:
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def _scaled(value: float, units: tuple[tuple[float, str], ...], blank: str) -> str:
    if math.isnan(value):
        return NOTHING
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    # Round first, so that 999.6 ns becomes 1.00 µs.
    rounded = float(f"{min(max(value, -_ABSURD), _ABSURD):.3g}")
    factor, unit = units[0]
    for factor, unit in units:  # noqa: B007  # the last that fits is kept
        if abs(rounded) < factor * 1000:
            break
    return f"{_three_digits(rounded / factor)}{blank}{unit}"


def _three_digits(value: float) -> str:
    if value == 0:
        return "0"
    digits = math.floor(math.log10(abs(float(f"{value:.3g}"))))
    return f"{value:.{min(max(2 - digits, 0), 3)}f}"


def _short(value: float, units: tuple[tuple[float, str], ...], blank: str) -> str:
    if not math.isfinite(value):
        return NOTHING
    rounded = float(f"{value:.4g}")
    if rounded == 0:
        return "0"
    fitting = [pair for pair in units if pair[0] <= abs(rounded)]
    factor, unit = fitting[-1] if fitting else units[0]
    return f"{rounded / factor:.4g}{blank}{unit}"
