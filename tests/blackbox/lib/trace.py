"""Reads strace -f -y output: which file operations were over before which answer left."""

import os
import re

CALLS = "openat,write,writev,pwrite64,pwritev,sendto,sendmsg,sendfile,fsync,fdatasync,rename,renameat,renameat2,mkdir," \
        "mkdirat,link,linkat"
WRAPPER = ["strace", "-f", "-y", "-qq", "-s", "64", "-e", "trace=" + CALLS, "-e", "signal=none", "-o"]


class Call:
    """One system call; `begin` and `end` are places in the trace, so that they can be compared."""

    def __init__(self, name, arguments, begin):
        self.name = name
        self.arguments = arguments
        self.begin = begin
        self.end = None
        self.failed = True

    def fd_path(self):
        """The file behind the first argument."""
        match = re.match(r"\d+<(.*?)>(?:, | *\)|$)", self.arguments)  # a call that was interrupted ends in " )"
        return match[1].removesuffix(" (deleted)") if match else ""

    def paths(self):
        """All path arguments, made absolute with the folder before them."""
        found = []
        for folder, path in re.findall(r'(?:(?:AT_FDCWD|\d+)<([^>]*)>, )?"((?:[^"\\]|\\.)*)"', self.arguments):
            found.append(path if path.startswith("/") else os.path.join(folder or "/", path))
        return found


def parse(path):
    """The calls in order of their begin."""
    calls, open_calls = [], {}
    with open(path, encoding="utf-8", errors="replace") as file:
        for place, line in enumerate(file):
            match = re.match(r"(\d+) +(.*)$", line.rstrip("\n"))
            if not match:
                continue
            thread, text = match.groups()
            resumed = re.match(r"<\.\.\. (\w+) resumed>(.*)$", text)
            if resumed:
                call = open_calls.pop(thread, None)
                if call is None:
                    continue
                call.arguments += resumed[2]
            else:
                begun = re.match(r"(\w+)\((.*)$", text)
                if not begun:
                    continue
                call = Call(begun[1], begun[2], place)
                calls.append(call)
                if call.arguments.endswith("<unfinished ...>"):
                    call.arguments = call.arguments.removesuffix("<unfinished ...>")
                    open_calls[thread] = call
                    continue
            call.end = place
            result = re.search(r"\) += (-?\d+|0x[0-9a-f]+)", call.arguments)
            call.failed = result is None or result[1].startswith("-")
    return calls


def answer(calls, status, after=0):
    """The begin of the call that sent the first answer with this status, at or behind place `after`."""
    for call in calls:
        if call.begin >= after and call.name in ("sendto", "sendmsg", "write", "writev") and \
                f"HTTP/1.1 {status}" in call.arguments:
            return call.begin
    return None


def problems(calls, root, target, begin, end):
    """What is wrong with the durable creation of the object `target` between two places of the trace; [] if nothing.

    Wanted: fsync of the temporary file after its last write; then rename (or link) to the target; then fsync of the
    folder; and fsync of the parent of every folder made on the way: all over before `end`.
    """
    done = [call for call in calls if call.end is not None and not call.failed and begin <= call.begin and call.end < end]
    moves = [call for call in done if call.name.startswith(("rename", "link")) and call.paths()[1:] == [target]]
    if not moves:
        return [f"{target} was not renamed into place before the answer"]
    move, found = moves[0], []
    source = move.paths()[0]
    writes = [call.end for call in calls if call.end is not None and call.name in ("write", "writev", "pwrite64", "pwritev")
              and call.fd_path() == source and call.end < move.begin]
    syncs = [call for call in calls if call.end is not None and not call.failed and call.name in ("fsync", "fdatasync")]
    if not any(call.fd_path() == source and call.begin > max(writes, default=-1) and call.end < move.begin
               for call in syncs):
        found.append(f"{source} was not synced between its last write and its rename to {target}")
    if not any(call.fd_path() == os.path.dirname(target) and call.begin > move.end and call.end < end for call in syncs):
        found.append(f"the folder of {target} was not synced between the rename and the answer")
    for call in calls:
        if call.name.startswith("mkdir") and not call.failed and call.end is not None and begin <= call.begin < end:
            made = call.paths()[0].rstrip("/")
            if (target + "/").startswith(made + "/") and made.startswith(root) and not any(
                    sync.fd_path() == os.path.dirname(made) and sync.begin > call.end and sync.end < end for sync in syncs):
                found.append(f"the parent of the new folder {made} was not synced before the answer")
    return found
