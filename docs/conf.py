"""Configuration of the book: Sphinx with MyST, formulas by a MathJax that comes with the book.

scripts/book builds it. The pages are plain Markdown that GitHub shows with its formulas too. Where
the Python package is installed its reference comes from it and its notebooks are run; elsewhere the
docstrings are read from the sources and the notebooks are shown as they are kept.
"""

import os
import re
import sys

from docutils import nodes
from markdown_it import MarkdownIt
from sphinx.util.logging import getLogger

LOG = getLogger(__name__)

project = "flipchain"
author = "the flipchain authors"
extensions = ["myst_nb", "sphinx-mathjax-offline", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
myst_enable_extensions = ["dollarmath", "amsmath"]
myst_heading_anchors = 3
# Formulas are numbered by hand (\tag), as the code cites them.
myst_dmath_allow_labels = False
exclude_patterns = ["_build", "requirements.txt", "static"]
html_show_copyright = False
html_theme = "furo"
html_title = "flipchain"
html_static_path = ["static"]
html_css_files = ["book.css"]

try:
    import flipchain
except ImportError:
    sys.path.insert(0, os.path.abspath("../python"))
    autodoc_mock_imports = ["flipchain._core", "numpy"]
    nb_execution_mode = "off"
else:
    nb_execution_mode = os.environ.get("NOTEBOOKS", "cache")
    nb_execution_timeout = 300
    nb_execution_raise_on_error = True
    nb_execution_cache_path = os.path.abspath("../target/book-notebooks")

autodoc_member_order = "bysource"
autodoc_typehints = "none"
napoleon_google_docstring = False
napoleon_use_ivar = True
# Types stand in the docstrings in plain words.
nitpick_ignore_regex = [("py:.*", ".*")]


# The order of the pages. It stands here and not on the pages, where GitHub would show it as code:
# for each page its captions, and the pages below them.
CHAPTERS = """model bounds shifted-solves steps contour profiles periodic ring harmonic limit
theorems correlations errors stencil small-systems general"""
TASKS = """describe law coefficients evolve steady correlate limit check sweep watch cost bytes
figures screen gallery redraw trouble migrate"""
CONTENTS = {
    "index": {
        "Using it": ["tutorial", "howto/index", "python", "gallery", "clusters"],
        "Theory": ["theory/index"] + [f"theory/{chapter}" for chapter in CHAPTERS.split()],
        "Reference": ["reference/index"],
        "What it found, how fast, how exact": ["results", "performance", "accuracy"],
        "Working on it": ["contributing"],
    },
    "howto/index": {"": TASKS.split()},
    "reference/index": {"": ["scenario", "commands", "files", "python-api", "library"]},
    "python": {
        "": [
            f"notebooks/{notebook}"
            for notebook in (
                "uphill_current",
                "monte_carlo",
                "equipartition",
                "periodic_force",
                "correlations",
            )
        ]
    },
}

# An entry of the Python reference, `flipchain.NAME`, becomes the docstring of NAME.
ENTRY = re.compile(r"^- `flipchain\.(\w+)`.*(\n  .*)*", re.MULTILINE)
MEMBERS = {
    "Chain": ["members"],
    "Run": ["members", "inherited-members"],
    "LimitRun": ["members", "inherited-members"],
    "CheckRun": ["members", "inherited-members"],
    "Correlations": ["members: to_xarray"],
}


def docstring(entry):
    """What autodoc shows in place of an entry."""
    name = entry.group(1)
    kind = "autoclass" if name[0].isupper() else "autofunction"
    members = [option if ":" in option else f"{option}:" for option in MEMBERS.get(name, [])]
    options = "".join(f"   :{option}\n" for option in members)
    return f"```{{eval-rst}}\n.. {kind}:: flipchain.{name}\n{options}```\n"


# GitHub reads a page as Markdown before it looks for formulas: a backslash before punctuation is
# dropped, and an underscore that could begin an emphasis does.
MARKDOWN = MarkdownIt("commonmark").enable("table")
FORMULA = re.compile(r"\$\$.*?\$\$|\$[^$]+\$", re.DOTALL)
DROPPED = re.compile(r"\\[,;:!|{}#%&_]|\\\\(?!\s*\n)")


def lost_on_github(text):
    """What GitHub would show otherwise, with its line."""
    for token in MARKDOWN.parse(text):
        if token.type != "inline":
            continue
        written = re.sub(r"`[^`]*`", "", token.content)
        for formula in FORMULA.findall(written):
            for found in DROPPED.findall(formula):
                yield token.map[0] + 1, f"{found} in {formula}"
        for part in token.children:
            if part.type == "em_open" and part.markup == "_":
                yield token.map[0] + 1, "an underscore after a bracket, which needs a space behind"


def in_the_book(app, page, source):
    """A page as the book needs it, and a warning of formulas that GitHub would lose."""
    if not page.startswith("notebooks/"):
        for line, lost in lost_on_github(source[0]):
            LOG.warning("GitHub would lose %s", lost, location=(page, line))
    # The notebooks are pages of the book; in the repository they stand in python/examples.
    text = source[0].replace("](../python/examples/", "](notebooks/")
    if page == "reference/python-api":
        text = ENTRY.sub(docstring, text)
    for caption, pages in CONTENTS.get(page, {}).items():
        options = ":hidden:\n" + (f":caption: {caption}\n" if caption else "")
        text += "\n```{toctree}\n" + options + "\n".join(["", *pages]) + "\n```\n"
    source[0] = text


def as_written(app, doctree):
    """Formulas go to MathJax as they are. Sphinx would put those of several lines into a `split`,
    in which MathJax refuses their numbers (\\tag)."""
    for formula in doctree.findall(nodes.math_block):
        formula["nowrap"] = True
        text = f"\\[{formula.astext()}\\]"
        formula.children = [nodes.Text(text)]


def setup(app):
    app.connect("source-read", in_the_book)
    app.connect("doctree-read", as_written)
