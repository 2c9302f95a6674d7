"""Unit tests of what runs beside a function; `tests/python.rs` runs them with the functions' own environment."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import transom_imports

transom_imports.install()
