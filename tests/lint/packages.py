"""install-packages finds what is missing, also when dpkg has never heard of it, and refuses a list that is not there."""
import pathlib
import shutil
import subprocess
import tempfile

TOOL = "tests/tools/install-packages"
LISTS = "[some]\nbash # is everywhere\nno-such-package-anywhere\n\n[none]\nbash\n"


def missing(top, name):
    return subprocess.run([top / TOOL, "--missing", name], capture_output=True, text=True, check=False)


def problems(tree):
    with tempfile.TemporaryDirectory() as folder:
        top = pathlib.Path(folder)
        (top / "tests/tools").mkdir(parents=True)
        shutil.copy(pathlib.Path(tree.top) / TOOL, top / TOOL)
        (top / "tests/packages.list").write_text(LISTS, encoding="utf-8")
        for name, status, output in [("some", 0, "no-such-package-anywhere\n"), ("none", 0, ""), ("odd", 1, "")]:
            result = missing(top, name)
            if (result.returncode, result.stdout) != (status, output):
                yield f"{TOOL}: --missing {name}: exit {result.returncode}, {result.stdout!r}, expected {status}, {output!r}"
