"""clang-tidy on the .cpp files that changed since the branch left its origin; on all of them with LINT_ALL=1.

A full run takes minutes on two cores, so `make lint` looks at changed files and `make test-slow` at all of them. The
compile commands are those of build/release.
"""
import concurrent.futures
import json
import os
import re
import subprocess

DATABASE = "build/compile_commands.json"
FINDING = re.compile(r"^\S+:\d+:\d+: (warning|error): ")
# More than this, changed at once, is the slow target's work.
MOST_CHANGED = 12


def git(tree, *arguments):
    result = subprocess.run(["git", *arguments], cwd=tree.top, text=True, stdout=subprocess.PIPE,
                            stderr=subprocess.DEVNULL, check=False)
    return result.stdout.split() if result.returncode == 0 else []


def changed(tree):
    """Changed against the remote's default branch, else the last commit's files; and what is not committed."""
    base = git(tree, "merge-base", "HEAD", "origin/HEAD") or git(tree, "rev-parse", "HEAD~1")
    names = set(git(tree, "diff", "--name-only", *base)) if base else set()
    return names | set(git(tree, "ls-files", "-mo", "--exclude-standard"))


def compiled(tree):
    with open(tree.top / DATABASE, encoding="utf-8") as file:
        return {os.path.relpath(entry["file"], tree.top) for entry in json.load(file)}


def check(tree, name):
    result = subprocess.run(["clang-tidy-14", "--quiet", "-p", str(tree.top / "build"), name], cwd=tree.top, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    found = [line.replace(f"{tree.top}/", "") for line in result.stdout.splitlines() if FINDING.match(line)]
    if result.returncode != 0 and not found:
        found = [f"{name}: clang-tidy ended with status {result.returncode}"]
    return found


def problems(tree):
    if not (tree.top / DATABASE).exists():
        yield f"{DATABASE} is missing: make build"
        return
    every = [name for name in tree.sources("src/") if name.endswith(".cpp") and name in compiled(tree)]
    names = every if os.environ.get("LINT_ALL") else sorted(changed(tree) & set(every))
    if not os.environ.get("LINT_ALL") and len(names) > MOST_CHANGED:
        print(f"tidy: {len(names)} files changed; the first {MOST_CHANGED} here, all of them in make test-slow")
        names = names[:MOST_CHANGED]
    found = set()
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for some in pool.map(lambda name: check(tree, name), names):
            found.update(some)
    yield from sorted(found)
