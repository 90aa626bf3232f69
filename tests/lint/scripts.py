"""shellcheck on every bash script, and Python's compiler on every Python one."""
import subprocess


def problems(tree):
    for name in tree.scripts("python3"):
        try:
            compile(tree.text(name), name, "exec")
        except SyntaxError as error:
            yield f"{name}:{error.lineno}: {error.msg}"
    bash = tree.scripts("bash")
    if bash:
        result = subprocess.run(["shellcheck", "--format=gcc", "--shell=bash", "--external-sources", *bash], cwd=tree.top,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        yield from result.stdout.splitlines()
