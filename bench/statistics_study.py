"""What the intervals and verdicts are worth where the truth is known.

Run ``python -m bench.statistics_study``.

Not a benchmark of speed: it prints the tables of docs/statistics.md. Runs differ among themselves
by a factor of their own (run-to-run variance), and within a run by chance; a run's figure is made
from simulated switches, as a recording's is.
"""

from __future__ import annotations

import argparse
import math

import numpy as np

from hvconsole.analysis.statistics import ALPHA, holm, rank_p, ratio, runs_needed, shift

SEED = 2016
SWITCHES = 750  # 3 s of a 250 Hz tick
TRUE_RATIO = 1.3


def normal(rng: np.random.Generator, runs: int) -> np.ndarray:
    return np.exp(rng.normal(0, 0.15, runs))


def heavy(rng: np.random.Generator, runs: int) -> np.ndarray:
    return np.exp(0.1 * rng.standard_t(3, runs))


def skewed(rng: np.random.Generator, runs: int) -> np.ndarray:
    return np.exp(rng.exponential(0.15, runs))


TRUTHS = {"normal logs": normal, "heavy tails (t, 3)": heavy, "skewed logs": skewed}


def figure(rng: np.random.Generator, scale: np.ndarray) -> np.ndarray:
    """The mean switch of each run: its own scale times lognormal switches."""
    switches = rng.lognormal(math.log(10_000), 0.4, (scale.size, SWITCHES))
    return scale * switches.mean(axis=1)


def conditions(rng: np.random.Generator, truth: str, runs: int, count: int) -> list[np.ndarray]:
    return [figure(rng, TRUTHS[truth](rng, runs)) for _ in range(count)]


def coverage(truth: str, runs: int, trials: int) -> tuple[float, float]:
    """How often the interval of the ratio, and that of the shift, hold the truth."""
    rng = np.random.default_rng([SEED, runs, list(TRUTHS).index(truth)])
    of_ratio = of_shift = 0
    for _ in range(trials):
        x, y = conditions(rng, truth, runs, 2)
        estimate = ratio((TRUE_RATIO * x).tolist(), y.tolist())[0]
        of_ratio += estimate.low <= TRUE_RATIO <= estimate.high
        moved = shift((x + 2000.0).tolist(), y.tolist())
        of_shift += moved.low <= 2000.0 <= moved.high
    return of_ratio / trials, of_shift / trials


def false_positives(truth: str, runs: int, trials: int, count: int) -> tuple[float, float]:
    """How often equal conditions are told apart: Welch alone, and our verdict, in any pair."""
    rng = np.random.default_rng([SEED, runs, count, list(TRUTHS).index(truth)])
    pairs = [(a, b) for a in range(count) for b in range(a)]
    has_enough = runs >= runs_needed(len(pairs))
    by_welch = by_verdict = 0
    for _ in range(trials):
        drawn = [one.tolist() for one in conditions(rng, truth, runs, count)]
        welch = [ratio(drawn[a], drawn[b])[1] for a, b in pairs]
        ranks = [rank_p(drawn[a], drawn[b]) for a, b in pairs]
        both = [max(p, q) for p, q in zip(welch, ranks, strict=True)]
        by_welch += min(holm(welch)) < ALPHA
        by_verdict += has_enough and min(holm(both)) < ALPHA
    return by_welch / trials, by_verdict / trials


def pooled(runs: int, trials: int) -> float:
    """How often equal conditions are told apart if switches are taken for observations."""
    rng = np.random.default_rng([SEED, runs])
    wrong = 0
    for _ in range(trials):
        a, b = (
            np.concatenate([s * rng.lognormal(9.2, 0.4, SWITCHES) for s in normal(rng, runs)])
            for _ in range(2)
        )
        wrong += ratio(a.tolist(), b.tolist())[1] < ALPHA
    return wrong / trials


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.statistics_study")
    parser.add_argument("--trials", type=int, default=4000)
    trials = parser.parse_args().trials
    print(f"{trials} trials each, seed {SEED}\n")
    print("| runs differ by | n | ratio's interval | shift's interval |\n|---|---|---|---|")
    for truth in TRUTHS:
        for runs in (5, 10, 20):
            a, b = coverage(truth, runs, trials)
            print(f"| {truth} | {runs} | {100 * a:.1f} % | {100 * b:.1f} % |", flush=True)
    print("\n| runs differ by | n | conditions | Welch and Holm | verdict |\n|---|---|---|---|---|")
    for truth in TRUTHS:
        for runs, count in ((5, 2), (10, 2), (5, 4), (10, 4)):
            a, b = false_positives(truth, runs, trials // 2, count)
            print(f"| {truth} | {runs} | {count} | {100 * a:.1f} % | {100 * b:.1f} % |", flush=True)
    print(f"\nswitches taken for observations, n = 5: {100 * pooled(5, 300):.0f} %")


if __name__ == "__main__":
    main()
