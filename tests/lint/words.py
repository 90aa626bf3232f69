"""Words that say a place is unfinished, and traces of debugging, do not get in."""
import re

TEXT = (".cpp", ".h", ".py", ".sh", ".md", ".txt", ".yaml", ".pp", ".service", ".socket")
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK|not implemented)\b")
DEBUGGING = re.compile(r"\bstd::(cout|cerr) *<<")
# Programs print what they are asked for; tests and layers do not.
PRINTING = ("src/apps/",)


def problems(tree):
    for name in tree.names:
        if name.startswith("tests/lint/") or not (name.endswith(TEXT) or name.startswith(("debian/", "tests/tools/"))):
            continue
        for number, line in enumerate(tree.lines(name), 1):
            if UNFINISHED.search(line):
                yield f"{name}:{number}: {UNFINISHED.search(line)[0]}"
            if name.startswith("src/") and not name.startswith(PRINTING) and DEBUGGING.search(line):
                yield f"{name}:{number}: output past the logger"
