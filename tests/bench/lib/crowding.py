"""The crowd of tests/load as a case: what registryd needs for it, and what a new client notices."""
import json
import os
import subprocess
import sys

TESTS = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def run(bench):
    share = 10 if bench.quick else 1
    idle, slow = 10000 // share, 1000 // share
    bench.results.section("A crowd", f"{idle:,} idle clients, {slow:,} downloads of 64 MiB and {slow:,} uploads at 2 KiB/s each, from as "
                          "many addresses, in processes of their own; new clients GET a manifest, one after the other, each on a "
                          "new connection. All bytes are compared, and at the end everybody must still be served.")
    report = os.path.join(bench.folder, "crowd.json")
    command = [sys.executable, os.path.join(TESTS, "load/run"), "crowd", "--registryd", bench.binary, "--report", report,
               "--idle", str(idle), "--downloads", str(slow), "--uploads", str(slow),
               "--seconds", "5" if bench.quick else "30"]
    print("  crowd", flush=True)
    output = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
                            timeout=600).stdout
    if not os.path.exists(report):
        raise RuntimeError("the crowd broke off: " + output[-500:])
    with open(report, encoding="utf-8") as file:
        found = json.load(file)
    if found["failures"]:
        bench.results.fail(f"crowd: {found['failures']} clients cut off or served wrongly: {output[-300:]}")
    note = f"{found['served']:,} of {idle + 2 * slow:,} served to the end; {found['clients']:,} new clients"
    for case, value, unit in [("a new client beside the crowd, median", found["p50"], "ms"),
                              ("a new client beside the crowd, p99", found["p99"], "ms"),
                              ("threads under the crowd", found["threads"], ""),
                              ("descriptors under the crowd", found["descriptors"], ""),
                              ("RSS under the crowd", found["rss"], "MiB")]:
        bench.results.case(case, unit, False).add("registryd", value, note=note)
