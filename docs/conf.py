"""Configuration of the book: Sphinx with MyST, formulas by a MathJax that comes with the book.

scripts/book builds it. The pages are plain Markdown that GitHub shows with its formulas too.
"""

project = "flipchain"
author = "the flipchain authors"
extensions = ["myst_parser", "sphinx-mathjax-offline"]
myst_enable_extensions = ["dollarmath", "amsmath"]
myst_heading_anchors = 3
# Formulas are numbered by hand (\tag), as the code cites them.
myst_dmath_allow_labels = False
exclude_patterns = ["_build", "requirements.txt"]
html_theme = "furo"
html_title = "flipchain"
