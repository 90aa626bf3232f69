"""shellcheck on every shell script, and Python's compiler on every Python one."""
import subprocess


def problems(tree):
    for name in tree.scripts("python3"):
        try:
            compile(tree.text(name), name, "exec")
        except SyntaxError as error:
            yield f"{name}:{error.lineno}: {error.msg}"
    shell = tree.scripts("bash") + tree.scripts("/sh")
    if shell:
        result = subprocess.run(["shellcheck", "--format=gcc", "--external-sources", *shell], cwd=tree.top,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        yield from result.stdout.splitlines()
