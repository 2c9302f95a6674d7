"""Unit tests of what runs beside a function; `tests/python.rs` runs them with the functions' own environment."""

import os
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
# What is tested takes the folder that it is started in for the function's own.
_folder = tempfile.TemporaryDirectory()
os.chdir(_folder.name)

import transom_imports

transom_imports.install()
