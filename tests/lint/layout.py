"""clang-format would change nothing."""
import subprocess


def problems(tree):
    sources = tree.sources()
    if not sources:
        return
    result = subprocess.run(["clang-format-14", "--dry-run", "-Werror", *sources], cwd=tree.top, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    seen = set()
    for line in result.stdout.splitlines():
        name = line.split(":")[0]
        if "error:" in line and name not in seen:
            seen.add(name)
            yield f"{name}: clang-format would change it (make format)"
