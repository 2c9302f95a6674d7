"""Says which files this interpreter reads outside of its environment: a JSON list of paths. The server runs it by its text."""

import json
import os
import sys
import sysconfig

found = {os.path.realpath(sys.executable), os.path.realpath(getattr(sys, "_base_executable", sys.executable))}
found |= {sysconfig.get_path(name) for name in ("stdlib", "platstdlib")}
for name in ("bz2", "ctypes", "hashlib", "lzma", "readline", "sqlite3", "ssl", "uuid", "zlib"):
    # What is mapped afterwards are the libraries that these need.
    try:
        __import__(name)
    except ImportError:
        pass
try:
    with open("/proc/self/maps") as maps:
        found |= {line.split(maxsplit=5)[5].strip() for line in maps if ".so" in line and line.count("/")}
except OSError:
    pass
if "ssl" in sys.modules:
    paths = sys.modules["ssl"].get_default_verify_paths()
    found |= {paths.cafile, paths.capath, paths.openssl_cafile, paths.openssl_capath}
# Debian keeps a part of the standard library's settings there.
found |= {os.path.join("/etc", name) for name in os.listdir("/etc") if name.startswith("python3")}
print(json.dumps(sorted(path for path in found if path and os.path.isabs(path) and os.path.exists(path))))
