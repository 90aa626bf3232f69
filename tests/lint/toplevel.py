"""The top of the tree holds these and dotfiles, nothing else."""
ALLOWED = {"src", "puppet", "systemd", "debian", "hiera-examples", "tests", "Makefile", "README.md", "LICENSE"}


def problems(tree):
    for name in sorted({name.split("/")[0] for name in tree.names}):
        if name not in ALLOWED and not name.startswith("."):
            yield f"{name}: not one of the top level's entries"
