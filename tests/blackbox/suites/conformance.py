"""The rows of conformance/*.yaml, on the filesystem and on the memory driver."""

import os

from lib import steps
from lib.daemon import Daemon

FOLDER = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "conformance")


def tests(context):
    cases = steps.load(FOLDER)
    for driver in ("filesystem", "memory"):
        wanted = [case for case in cases if driver in case.get("drivers", ["filesystem", "memory"])]
        with Daemon(context.registryd, driver) as daemon:
            for number, case in enumerate(wanted):
                name = f"{driver}: {case['file']} [{case['item']}] {case['case']}"
                yield name, runner(context, daemon, driver, case, number)


def runner(context, daemon, driver, case, number):
    def shared():
        if not daemon.alive():
            daemon.start()
        steps.Run(daemon, case, number).run()

    def own():
        with Daemon(context.registryd, driver, **case["own"]) as fresh:
            steps.Run(fresh, case, number).run()

    return own if "own" in case else shared
