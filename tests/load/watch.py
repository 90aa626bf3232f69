"""What a process holds, sampled by a thread: resident memory, threads, descriptors."""
import os
import threading
import time


def _status(pid, name):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        for line in file:
            if line.startswith(name + ":"):
                return int(line.split()[1])
    return 0


def rss_mib(pid):
    return _status(pid, "VmRSS") / 1024


def threads(pid):
    return _status(pid, "Threads")


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


class Watch(threading.Thread):
    """Use it as a context manager. `samples`: (seconds since the beginning, MiB, threads, descriptors)."""

    def __init__(self, pid, interval=0.25):
        super().__init__(daemon=True)
        self.pid, self.interval, self.samples = pid, interval, []
        self.stopped = threading.Event()

    def __enter__(self):
        self.begin = time.monotonic()
        self.start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        self.join()

    def run(self):
        while not self.stopped.wait(self.interval):
            self.samples.append((time.monotonic() - self.begin, rss_mib(self.pid), threads(self.pid),
                                 descriptors(self.pid)))

    def most(self, column):
        return max(sample[column] for sample in self.samples)
