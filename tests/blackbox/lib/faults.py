"""Arms the faults of interpose.c in a running registryd."""

import errno
import mmap
import os
import struct
import subprocess
import tempfile

WRITE, SYNC, RENAME, MKDIR, UNLINK = 2, 4, 8, 16, 32
KILL_BEFORE, KILL_AFTER, FAIL = 1, 2, 3
_FORMAT = "8i256s"  # struct Plan of interpose.c


class Faults:
    """The library built, and the plan shared with the daemons that are started with environment()."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="rha-faults-")
        self.library = os.path.join(self.folder.name, "interpose.so")
        source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "interpose.c")
        subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", self.library, source], check=True)
        self.plan_path = os.path.join(self.folder.name, "plan")
        with open(self.plan_path, "wb") as file:
            file.write(b"\0" * mmap.PAGESIZE)
        with open(self.plan_path, "r+b") as file:
            self.plan = mmap.mmap(file.fileno(), mmap.PAGESIZE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.plan.close()
        self.folder.cleanup()

    def environment(self):
        return {"LD_PRELOAD": self.library, "RHA_FAULT_PLAN": self.plan_path}

    def arm(self, operations, text, action, skip=0, error=errno.ENOSPC, times=1):
        plan = struct.pack(_FORMAT, 0, operations, skip, action, error, times, 0, 0, text.encode())
        self.plan[:len(plan)] = plan
        self.plan[:4] = struct.pack("i", 1)

    def disarm(self):
        """Gives how many faults were done."""
        self.plan[:4] = struct.pack("i", 0)
        return self.hits()

    def hits(self):
        return struct.unpack_from("i", self.plan, 28)[0]

    def seen(self):
        """Calls that matched, whether or not a fault was due."""
        return struct.unpack_from("i", self.plan, 24)[0]
