"""The files under check: what git tracks, and what it would track."""
import pathlib
import subprocess


class Tree:
    def __init__(self, top, names):
        self.top = pathlib.Path(top)
        self.names = sorted(name for name in names if (self.top / name).is_file())

    @classmethod
    def of_repository(cls):
        top = pathlib.Path(__file__).resolve().parent.parent.parent
        listed = subprocess.check_output(["git", "ls-files", "-z", "-co", "--exclude-standard"], cwd=top)
        return cls(top, [name for name in listed.decode().split("\0") if name])

    @classmethod
    def of_folder(cls, top):
        top = pathlib.Path(top)
        return cls(top, [str(path.relative_to(top)) for path in top.rglob("*") if path.is_file()])

    def sources(self, under=""):
        return [name for name in self.names if name.endswith((".cpp", ".h")) and name.startswith(under)]

    def scripts(self, interpreter):
        """Files whose first line names the interpreter, or that carry its ending."""
        ending = {"bash": ".sh", "python3": ".py"}.get(interpreter)
        return [name for name in self.names
                if (ending and name.endswith(ending)) or self._first_line(name).endswith(interpreter)]

    def text(self, name):
        return (self.top / name).read_text(encoding="utf-8", errors="replace")

    def lines(self, name):
        return self.text(name).splitlines()

    def _first_line(self, name):
        with open(self.top / name, "rb") as file:
            line = file.readline(80)
        return line.decode(errors="replace").strip() if line.startswith(b"#!") else ""
