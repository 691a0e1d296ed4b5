"""How Sphinx makes a site of these pages: `make docs`."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

HERE = Path(__file__).parent
OUT = HERE.parent / "out" / "docs"
sys.path[:0] = [str(HERE), str(HERE.parent)]

from neuromorph import __version__  # noqa: E402

project = "neuromorph"
author = "The neuromorph authors"
copyright = author  # noqa: A001 - Sphinx names it
version = release = __version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "sphinx_design",
    "docstrings",
    "gallery_pages",
    "site_links",
    "site_tables",
]
exclude_patterns = ["_build", "written"]
suppress_warnings = ["myst.strikethrough"]
highlight_language = "none"  # of equations in docstrings

# --- pages

myst_enable_extensions = ["attrs_inline", "colon_fence", "dollarmath", "deflist"]
myst_heading_anchors = 3
nb_execution_mode = "cache"
nb_execution_cache_path = str(OUT / "cells")
nb_execution_timeout = 1800
nb_execution_raise_on_error = True
nb_execution_in_temp = True
nb_merge_streams = True

# A cell's shell finds this environment's commands, which print for paper: no colours, 88 columns.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
os.environ.update(COLUMNS="88", HF_HUB_OFFLINE="1", IPYTHONDIR=str(OUT / "ipython"))
startup = OUT / "ipython" / "profile_default" / "startup"
startup.mkdir(parents=True, exist_ok=True)
shutil.copyfile(HERE / "kernel_start.py", startup / "kernel_start.py")

# --- reference

default_role = "py:obj"
toc_object_entries_show_parents = "hide"
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
autosummary_generate = True
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_custom_sections = [("Attributes", "params_style")]  # several names on a line

# --- look

html_theme = "pydata_sphinx_theme"
html_title = "neuromorph"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_show_sourcelink = False
html_theme_options = {
    "header_links_before_dropdown": 6,
    "navigation_with_keys": False,
    "show_prev_next": True,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": ["sphinx-version"],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
