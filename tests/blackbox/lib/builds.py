"""The programs of a build other than the released one, and what its sanitizer reports while they run."""

import glob
import os
import shutil
import subprocess

_TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "../../.."))
SANITIZED = ["asan", "tsan"]
_OPTIONS = {"asan": ["ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"], "tsan": ["TSAN_OPTIONS"]}
# A race ends nothing, so that one run shows all. What is preloaded comes before ASan's library.
_MORE = {"TSAN_OPTIONS": ":halt_on_error=0", "ASAN_OPTIONS": ":verify_asan_link_order=0"}


def add_options(parser):
    """--registryd and --build; `chosen()` then says which programs they mean."""
    parser.add_argument("--registryd", help="the program to test (default: build/bin/registryd)")
    parser.add_argument("--build", choices=SANITIZED, help="the programs of build/asan or build/tsan, which are "
                        "built first; whatever the sanitizer reports is a failure")


def chosen(options):
    """The path of registryd; the other programs, which suites need as well, lie beside it."""
    if options.registryd:
        return os.path.abspath(options.registryd)
    if options.build:
        subprocess.check_call([os.path.join(_TOP, "tests/tools/run-ctest"), options.build, "build", "programs"])
    return os.path.join(_TOP, "build", f"{options.build}/bin" if options.build else "bin", "registryd")


class Reports:
    """Of a sanitizer: made before the programs start, and asked after each test. Without a sanitized build there are
    none."""

    def __init__(self, build):
        self._folder, self._seen = os.path.join(_TOP, "build", build or "", "reports"), set()
        if not build:
            return
        shutil.rmtree(self._folder, ignore_errors=True)
        os.makedirs(self._folder)
        for name in _OPTIONS[build]:
            os.environ[name] = f"log_path={self._folder}/report" + _MORE.get(name, "")

    def fresh(self):
        """What was reported since the last call: the place of the report and how it begins. "" for nothing."""
        texts = []
        for path in sorted(set(glob.glob(os.path.join(glob.escape(self._folder), "report.*"))) - self._seen):
            self._seen.add(path)
            with open(path, encoding="utf-8", errors="replace") as file:
                texts.append(f"the sanitizer reports, in {path}:\n{file.read(2000)}")
        return "\n".join(texts)
