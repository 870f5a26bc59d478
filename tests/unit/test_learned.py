"""Types are learned by one thread at a time: two at once end the whole process."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import hvconsole

# An annotation that takes its time holds the first thread where the second one must not look.
FIRST_USE = """
import threading, time
import msgspec
from hvconsole.model.learned import learned

learning = threading.Event()

def slow():
    learning.set()
    time.sleep(0.3)
    return int

class Inner(msgspec.Struct):
    number: "slow()"

class Outer(msgspec.Struct):
    inner: Inner

def read():
    {read}

first = threading.Thread(target=read)
first.start()
learning.wait()
read()
first.join()
print("both read")
"""
DATA = "{'inner': {'number': 1}}"
TEXT = DATA.replace("'", '"')
READS = {
    "convert": f"msgspec.convert({DATA}, learned(Outer))",
    "json": f"msgspec.json.decode('{TEXT}', type=learned(Outer))",
    "a union": f"msgspec.json.Decoder(learned(Outer | None)).decode('{TEXT}')",
    "toml": f"""from hvconsole.config.toml import convert
    from pathlib import Path
    convert({DATA}, Outer, source=Path("a.toml"), text="")""",
}


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_two_threads_may_read_a_type_for_the_first_time(read: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FIRST_USE.replace("{read}", read)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "both read\n"), done.stderr


def test_a_type_is_given_back_as_it_is() -> None:
    from hvconsole.campaign.plan import PlanFile
    from hvconsole.model.learned import learned

    assert learned(PlanFile) is PlanFile
    assert learned(PlanFile | int) == PlanFile | int


def test_no_type_is_given_to_msgspec_that_was_not_learned() -> None:
    given = []
    for path in Path(hvconsole.__file__).parent.rglob("*.py"):
        if path.name != "learned.py" and "msgspec" in (text := path.read_text()):
            calls = (one for one in ast.walk(ast.parse(text)) if isinstance(one, ast.Call))
            given += [(path.name, kind) for call in calls if (kind := kind_given(call))]
    assert len(given) > 5
    simple = {"dict", "wanted"}  # built-in types: there is nothing to learn
    assert [
        one for one in given if not one[1].startswith("learned(") and one[1] not in simple
    ] == []


def kind_given(call: ast.Call) -> str | None:
    """Return the type that a call gives to msgspec, as it is written."""
    place = {"msgspec.convert": 1, "msgspec.json.Decoder": 0, "msgspec.json.decode": 9}
    at = place.get(ast.unparse(call.func))
    if at is None:
        return None
    kinds = [*call.args[at : at + 1], *(one.value for one in call.keywords if one.arg == "type")]
    return ast.unparse(kinds[0]) if kinds else None
