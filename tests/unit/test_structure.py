"""The rules of the house that no linter knows: sizes of files, pins, what is kept out of the text."""

from __future__ import annotations

import ast
import re
import subprocess
from functools import cache
from itertools import combinations
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ("app.py", "api/", "orchestrator/", "pages/", "providers/")
FILE_LINES_MAX, PAGE_LINES_MAX = 500, 150

# Written apart, so that this file does not hold what it looks for.
HOME_FOLDERS = ("/ho" + "me/", "/ro" + "ot/", "/Us" + "ers/", "/wo" + "rk/", "/t" + "mp/", "C:\\" + "Users")
REGISTRY_HOSTS = ("py" + "pi.", "python" + "hosted", "npm" + "js.", "index" + "-url", "find" + "-links")


@cache
def files() -> tuple[str, ...]:
    """Paths of all files that are in the repository or about to be, relative to its root."""
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    return tuple(sorted({name for name in listed if name and (ROOT / name).is_file()}))


@cache
def texts() -> dict[str, str]:
    """The content of every file that is text, by path."""
    found = {}
    for name in files():
        raw = (ROOT / name).read_bytes()
        if b"\0" not in raw:
            found[name] = raw.decode("utf-8")
    return found


def product_modules() -> list[str]:
    return [name for name in files() if name.startswith(PRODUCT) and name.endswith(".py")]


# --- sizes ---


def test_no_file_of_code_is_longer_than_a_person_can_hold_in_mind() -> None:
    code = {name: text.count("\n") for name, text in texts().items() if name.endswith((".py", ".js", ".css"))}
    assert len(code) > 100
    assert not {name: lines for name, lines in code.items() if lines > FILE_LINES_MAX}


def test_pages_stay_short() -> None:
    pages = {name: texts()[name].count("\n") for name in files() if re.fullmatch(r"pages/\w+\.py", name)}
    assert len(pages) > 3
    assert not {name: lines for name, lines in pages.items() if lines > PAGE_LINES_MAX}


# --- what is kept out ---


@pytest.mark.parametrize("forbidden", [*HOME_FOLDERS, *REGISTRY_HOSTS])
def test_text_names_no_machine_path_and_no_registry(forbidden: str) -> None:
    assert not [name for name, text in texts().items() if forbidden in text]


def reads_of_environment(source: str) -> list[int]:
    """Line numbers where the environment is read. Setting a variable and handing the whole to a child do not count."""
    tree = ast.parse(source)
    allowed: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
            allowed.add(node.value)
        elif isinstance(node, ast.keyword) and node.arg == "env":
            allowed.update(ast.walk(node.value))
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "os":
            if node.attr in ("environ", "environb", "getenv", "getenvb") and node not in allowed:
                found.append(node.lineno)
        elif isinstance(node, ast.ImportFrom) and node.module == "os":
            found += [node.lineno for alias in node.names if alias.name.startswith(("environ", "getenv"))]
    return found


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("import os\nkey = os.environ['KEY']", 1),
        ("import os\nkey = os.getenv('KEY')", 1),
        ("from os import environ", 1),
        ("import os\nkey = os.environ.get('KEY')", 1),
        ("import os\nos.environ['KEY'] = '1'", 0),
        ("import os\nrun(command, env={**os.environ, 'KEY': '1'})", 0),
    ],
)
def test_reads_of_the_environment_are_told_from_writes(source: str, count: int) -> None:
    assert len(reads_of_environment(source)) == count


def test_only_the_settings_read_the_environment() -> None:
    modules = product_modules()
    assert "orchestrator/settings.py" in modules
    readers = {name: reads_of_environment(texts()[name]) for name in modules if name != "orchestrator/settings.py"}
    assert not {name: lines for name, lines in readers.items() if lines}


# --- money ---


def uses(source: str, names: set[str]) -> set[tuple[str, str]]:
    """(function, name) of every place where one of ``names`` is taken from an object, be it to call it or to hand it
    on. The function is empty outside of any."""
    found: set[tuple[str, str]] = set()

    def visit(node: ast.AST, function: str) -> None:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            function = node.name
        if isinstance(node, ast.Attribute) and node.attr in names:
            found.add((function, node.attr))
        elif isinstance(node, ast.Constant) and node.value in names:  # getattr(provider, "create_clip")
            found.add((function, str(node.value)))
        for child in ast.iter_child_nodes(node):
            visit(child, function)

    visit(ast.parse(source), "")
    return found


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("async def pay(p):\n    await p.create_clip(1)", {("pay", "create_clip")}),
        ("make = provider.remix_clip", {("", "remix_clip")}),
        ("def pay(p):\n    return getattr(p, 'create_clip')(1)", {("pay", "create_clip")}),
        ("class P:\n    async def create_clip(self): ...", set()),
    ],
)
def test_uses_of_a_method_are_told_from_its_definition(source: str, found: set[tuple[str, str]]) -> None:
    assert uses(source, {"create_clip", "remix_clip"}) == found


def test_only_the_ledger_asks_a_provider_to_create() -> None:
    """Every other way to a paid request would be one that no row was written for. Patience stands between the ledger
    and the adapter; it and adapters made of others hand on what they are asked, under the same name."""
    paid = {"create_clip", "remix_clip"}
    found = {name: uses(texts()[name], paid) for name in product_modules()}
    assert found.pop("orchestrator/ledger.py") == {("_send", name) for name in paid}
    assert found["providers/patience.py"] == {(name, name) for name in paid}
    others = {name: {use for use in found[name] if use[0] != use[1]} for name in found}
    assert not {name: left for name, left in others.items() if left}
    assert not [name for name, left in found.items() if left and not name.startswith("providers/")]


def test_only_the_ledger_asks_for_a_turn_to_create() -> None:
    """A turn that is taken and not used would be missing where it is."""
    askers = {name: uses(texts()[name], {"ready"}) for name in product_modules()}
    assert {name: found for name, found in askers.items() if found} == {
        "orchestrator/ledger.py": {("_announce", "ready"), ("_claim", "ready")}
    }


def payers(source: str) -> set[str]:
    """The public methods that lead to a request of which the wire is told that it is paid, by way of private ones of
    the same module or not."""
    functions = {
        n.name: n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)
    }

    def calls(function: ast.AST) -> set[str]:
        return {
            node.func.attr for node in ast.walk(function)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        }  # fmt: skip

    def is_paid(node: ast.AST) -> bool:
        is_asking = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "_ask"
        return is_asking and any(keyword.arg == "is_paid" for keyword in node.keywords)  # pyright: ignore

    found = {name for name, function in functions.items() if any(map(is_paid, ast.walk(function)))}
    while more := {name for name, function in functions.items() if calls(function) & found} - found:
        found |= more
    return found


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("class P:\n    async def create_clip(self):\n        await self._ask('POST', is_paid=True)", {"create_clip"}),
        (
            "class P:\n    async def warm_up(self):\n        await self._post()\n"
            "    async def _post(self):\n        await self._ask('POST', is_paid=True)",
            {"warm_up", "_post"},
        ),
        ("class P:\n    async def cancel(self):\n        self._error(await self._ask('GET'), is_paid=True)", set()),
    ],
)
def test_ways_to_a_paid_request_are_told_from_free_ones(source: str, found: set[str]) -> None:
    assert payers(source) == found


def test_adapters_send_what_is_paid_for_creates_only() -> None:
    adapters = {name: payers(texts()[name]) for name in product_modules() if name.startswith("providers/")}
    found = {name: ways for name, ways in adapters.items() if ways}
    assert len(found) > 5
    public = {name: {way for way in ways if not way.startswith("_")} for name, ways in found.items()}
    assert not {name: left for name, ways in public.items() if (left := ways - {"create_clip", "remix_clip"})}


def test_one_ledger_is_made_and_one_step_asks_it_to_create() -> None:
    """A second one would not know what the first has sent and who waits."""
    made = {name: text.count("Ledger(") for name, text in texts().items() if name in product_modules()}
    assert {name: count for name, count in made.items() if count} == {"orchestrator/bootstrap.py": 1}
    askers = {
        (name, node.func.value.attr)
        for name in product_modules()
        for node in ast.walk(ast.parse(texts()[name]))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "create"
        if isinstance(node.func.value, ast.Attribute) and node.func.value.attr.strip("_") in ("ledger", "generator")
    }
    assert askers == {("orchestrator/generator.py", "_ledger"), ("orchestrator/steps/clips.py", "generator")}


# --- requirements ---


def requirements(name: str) -> list[str]:
    """The entries of a requirements file, continued lines joined, without comments and without ``-r`` lines."""
    joined = texts()[name].replace("\\\n", " ")
    lines = [line.strip() for line in joined.splitlines()]
    return [line for line in lines if line and not line.startswith(("#", "-r "))]


def pins(name: str) -> dict[str, set[str]]:
    """Versions by package; a package may have several, under different markers."""
    found: dict[str, set[str]] = {}
    for entry in requirements(name):
        requirement = Requirement(entry.split(" --hash")[0])
        found.setdefault(canonicalize_name(requirement.name), set()).add(str(requirement.specifier))
    return found


@pytest.mark.parametrize(
    "name", ["requirements.txt", "requirements-dev.txt", "requirements-observe.txt", "requirements-offline.txt"]
)
def test_everything_installed_is_pinned_to_one_version(name: str) -> None:
    versions = pins(name)
    assert versions
    loose = {p: v for p, vs in versions.items() for v in vs if not re.fullmatch(r"==[^*,]+", v)}
    assert not loose


def test_offline_weights_are_pinned_with_hashes() -> None:
    assert not [e for e in requirements("requirements-offline.txt") if not re.search(r"--hash=sha256:[0-9a-f]{64}", e)]


@pytest.mark.parametrize("name", ["requirements", "requirements-observe"])
def test_pins_cover_and_satisfy_what_is_asked_for(name: str) -> None:
    pinned = pins(f"{name}.txt")
    for entry in requirements(f"{name}.in"):
        wanted = Requirement(entry)
        versions = pinned.get(canonicalize_name(wanted.name), set())
        assert versions, f"{wanted.name} is not pinned"
        assert all(wanted.specifier.contains(version.removeprefix("==")) for version in versions), entry


def test_test_tools_come_on_top_of_the_pins_of_the_app() -> None:
    parts = {name: set(pins(f"requirements{name}.txt")) for name in ("", "-observe", "-dev")}
    assert {"-r requirements.txt", "-r requirements-observe.txt"} <= set(texts()["requirements-dev.txt"].splitlines())
    assert "-r requirements.txt" in texts()["requirements-observe.txt"].splitlines()
    assert not any(one & other for one, other in combinations(parts.values(), 2))
