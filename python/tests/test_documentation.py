"""What the pages print in Python runs: page by page, after the commands that it prints."""

import inspect
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

import flipchain as fc

pytest.importorskip("xarray")
pytest.importorskip("matplotlib").use("Agg")

#: The program to ask beside the package; a path from where the tests were started.
PROGRAM = os.environ.get("FLIPCHAIN") and os.path.abspath(os.environ["FLIPCHAIN"])
ROOT = Path(__file__).parents[2]
FENCED = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PAGES = sorted(
    page
    for page in [ROOT / "README.md", ROOT / "python" / "README.md", *ROOT.glob("docs/**/*.md")]
    if FENCED.search(page.read_text(encoding="utf-8"))
)
#: A cluster of one worker on this machine, and fewer points.
INSTEAD = {
    'Client("scheduler:8786")': "Client(n_workers=1, threads_per_worker=1, dashboard_address=None)",
    "10, 31)": "10, 2)",
    "4, 33)": "4, 2)",
}


def test_pages_are_found() -> None:
    assert {page.name for page in PAGES} >= {"README.md", "tutorial.md", "python.md", "files.md"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_python_of_a_page_runs(page: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = page.read_text(encoding="utf-8")
    shutil.copy(ROOT / "data" / "scenarios" / "uphill.toml", tmp_path)
    joined = re.sub(r" *\\\n *", " ", text)
    commands = re.findall(r"^ {4}flipchain ((?:scenario|evolve|steady) .*)$", joined, re.MULTILINE)
    for command in commands if PROGRAM else []:
        arguments = shlex.split(command, comments=True)
        short = [] if arguments[0] == "scenario" else ["--set", "chain.bonds=8", "--force", "-q"]
        subprocess.run([PROGRAM, *arguments, *short], check=True)
    code = "\n".join(FENCED.findall(text))
    if "np.load" in code and not PROGRAM:
        pytest.skip("reads a run of the program (FLIPCHAIN names none)")
    if "Client" in code:
        pytest.importorskip("distributed")
    for printed, used in INSTEAD.items():
        code = code.replace(printed, used)
    exec(compile(code, str(page), "exec"), {"__name__": "page"})


@pytest.mark.parametrize("ask", [fc.evolve, fc.steady], ids=["evolve", "steady"])
def test_a_docstring_lists_the_methods_that_the_library_has(ask) -> None:
    chain = fc.Chain(bonds=4, left=fc.Thermostat(1.0))
    law = fc.Initial(temperature=1.0)
    with pytest.raises(fc.ScenarioError) as refused:
        ask(chain, *([[0.1], law] if ask is fc.evolve else []), method="none")
    allowed = str(refused.value).split("allows: ")[1]
    names = set(re.findall(r"(?:^|, )([a-z]+)", re.sub(r"\([^)]*\)", "", allowed)))
    said = re.search(r"method : str\n(.*?)\n +\w+ : ", ask.__doc__, re.DOTALL)
    assert "auto" in names and said is not None
    assert set(re.findall(r'"([a-z]+)"', said.group(1))) == names


@pytest.mark.parametrize("name", [name for name in fc.__all__ if name != "__version__"])
def test_what_is_public_is_explained_and_functions_with_an_example(name: str) -> None:
    thing = getattr(fc, name)
    said = inspect.getdoc(thing)
    assert said and len(said) > 20
    if inspect.isfunction(thing):
        assert "Parameters" in said and (">>>" in said or "See `" in said)
