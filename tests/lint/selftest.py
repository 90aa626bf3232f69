"""The lint's own test: each check finds what it is for, in a small tree made for it, and nothing in a good one."""
import pathlib
import tempfile

import layers
import scripts
import sizes
import toplevel
import words
from tree import Tree

README = """
| layer | may include |
|---|---|
| `api` | `base` `store/error.h` |
| `store` | |
| `base` | |

| header | only in |
|---|---|
| `sys/socket.h` `Poco/` | `api` |
"""


def found(check, files):
    with tempfile.TemporaryDirectory() as folder:
        for name, text in {"src/README.md": README, **files}.items():
            path = pathlib.Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return list(check.problems(Tree.of_folder(folder)))


def function(lines):
    return "namespace x {\nint f(int a) {\n" + '  a += "}{"[0];\n' * (lines - 2) + "}\n}  // namespace x\n"


CASES = [
    ("an upward include", layers, {"src/base/a.h": '#include "api/b.h"\n'}, 1),
    ("a downward include", layers, {"src/api/a.h": '#include "base/b.h"\n#include <vector>\n'}, 0),
    ("a single header that is allowed", layers, {"src/api/a.h": '#include "store/error.h"\n'}, 0),
    ("another header beside it", layers, {"src/api/a.h": '#include "store/driver.h"\n'}, 1),
    ("a layer nobody knows", layers, {"src/odd/a.h": ""}, 1),
    ("a socket header outside its layers", layers, {"src/base/a.h": "#include <sys/socket.h>\n"}, 1),
    ("a Poco header outside its layers", layers, {"src/base/a.h": "#include <Poco/Net/Socket.h>\n"}, 1),
    ("a socket header at home", layers, {"src/api/a.h": "#include <sys/socket.h>\n"}, 0),
    ("an upward link", layers, {"src/CMakeLists.txt": "layer(base api)\n"}, 1),
    ("a cycle in the table", layers, {"src/README.md": README.replace("`base` | |", "`base` | `api` |")}, 2),
    ("no table", layers, {"src/README.md": ""}, 1),
    ("a function of 80 lines", sizes, {"src/base/a.cpp": function(80)}, 0),
    ("a function of 81 lines", sizes, {"src/base/a.cpp": function(81)}, 1),
    ("a file of 601 lines", sizes, {"src/base/a.h": "\n" * 601}, 1),
    ("a long class of short functions", sizes,
     {"src/base/a.h": "class A {\n" + "  int f() {\n    return 1;\n  }\n" * 40 + "};\n"}, 0),
    ("an unfinished place", words, {"src/base/a.h": "// FIXME: later\n"}, 1),
    ("a debugging print", words, {"src/base/a.cpp": 'std::cerr << "here";\n'}, 1),
    ("a name that nobody defines", scripts, {"tests/a.py": "def f():\n    return there\n"}, 1),
    ("a Python script without an ending", scripts, {"tests/a": "#!/usr/bin/python3\nimport os\n"}, 1),
    ("a variable of a shell that is not quoted", scripts, {"tests/a.sh": "#!/bin/bash\necho $1\n"}, 1),
    ("a good script", scripts, {"tests/a.py": "import os\n\nprint(os.sep)\n"}, 0),
    ("a folder that has no place at the top", toplevel, {"docs/a.md": ""}, 1),
]


def problems(_tree):
    for title, check, files, expected in CASES:
        lines = found(check, files)
        if len(lines) != expected:
            yield f"tests/lint/{check.__name__}.py: {title}: {len(lines)} problems, expected {expected}: {lines}"
