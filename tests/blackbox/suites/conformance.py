"""The rows of conformance/*.yaml, on the filesystem and on the memory driver, and on the former over HTTPS too."""

import os
import tempfile

from lib import steps
from lib.certificates import Authority
from lib.daemon import Daemon

FOLDER = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "conformance")


def tests(context):
    cases = steps.load(FOLDER)
    with tempfile.TemporaryDirectory(prefix="rha-ca-") as folder:
        authority = Authority(folder)
        for driver, options in (("filesystem", {}), ("memory", {}), ("filesystem", {"authority": authority})):
            wanted = [case for case in cases if driver in case.get("drivers", ["filesystem", "memory"])]
            with Daemon(context.registryd, driver, **options) as daemon:
                for number, case in enumerate(wanted):
                    title = "https" if options else driver
                    name = f"{title}: {case['file']} [{case['item']}] {case['case']}"
                    yield name, runner(context, daemon, driver, options, case, number)


def runner(context, daemon, driver, options, case, number):
    def shared():
        if not daemon.alive():
            daemon.start()
        steps.Run(daemon, case, number).run()

    def own():
        with Daemon(context.registryd, driver, **options, **case["own"]) as fresh:
            steps.Run(fresh, case, number).run()

    return own if "own" in case else shared
