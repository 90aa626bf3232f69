"""shellcheck on every shell script, and pyflakes on every Python one: a name that nobody defines, an import of nothing."""
import subprocess


def problems(tree):
    yield from complaints(tree, ["pyflakes3"], tree.scripts("python3"))
    yield from complaints(tree, ["shellcheck", "--format=gcc", "--external-sources"],
                          tree.scripts("bash") + tree.scripts("/sh"))


def complaints(tree, command, scripts):
    if scripts:
        result = subprocess.run([*command, *scripts], cwd=tree.top, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                text=True, check=False)
        yield from result.stdout.splitlines()
