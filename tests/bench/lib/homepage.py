"""The homepage of 10,000 images with 100,000 tags: how long the builder takes, and how much memory."""
import importlib.util
import json
import os
import subprocess
import time

TARGET_SECONDS = 10
HERE = os.path.dirname(os.path.abspath(__file__))


def _big_catalogue():
    """From the black-box tests, whose package is called like ours."""
    path = os.path.join(HERE, "../../blackbox/lib/big_catalogue.py")
    specification = importlib.util.spec_from_file_location("big_catalogue", path)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def _settings(folder):
    path = os.path.join(folder, "registryd.yaml")
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"http": {"listen": ["127.0.0.1:0"], "debug_listen": ""}, "control": {"socket": ""},
                   "storage": {"filesystem": {"root": os.path.join(folder, "storage")}},
                   "index": {"path": os.path.join(folder, "index.sqlite")},
                   "homepage": {"path": os.path.join(folder, "site"), "registry_name": "registry.test"}}, file)
    return path


def _build(builder, settings):
    """Seconds, and the largest resident set in MiB."""
    begin = time.monotonic()
    child = subprocess.Popen([builder, "--config", settings], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    return time.monotonic() - begin, usage.ru_maxrss / 1024, child.returncode


def _changed_site(builder, settings, folder, bench, case, name):
    seconds, rss, code = _build(builder, settings)
    if code != 0 or not os.path.exists(os.path.join(folder, "site/catalog.json")):
        bench.results.fail(f"the homepage builder ended with {code}")
    case.add("registryd", seconds, rss=rss)
    print(f"  homepage, {name}: {seconds:.1f} s, {rss:.0f} MiB", flush=True)


def run(bench):
    images, tags = (2000, 20000) if bench.quick else (10000, 100000)
    bench.results.section("Homepage", f"registry-homepage-builder on {images:,} images with {tags:,} tags, each an image of its "
                          f"own with a config; on disk, from the index and the storage. Target: {TARGET_SECONDS} s.")
    first = bench.results.case("homepage, first build", "s", False)
    again = bench.results.case("homepage, nothing changed", "s", False)
    builder = os.path.join(os.path.dirname(bench.binary), "registry-homepage-builder")
    with bench.disk_folder() as folder:
        settings = _settings(folder)
        subprocess.run([bench.binary, "--rebuild-index", "--config", settings], check=True, stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _big_catalogue().fill(os.path.join(folder, "index.sqlite"), os.path.join(folder, "storage"), images,
                              tags // images)
        for _ in range(bench.rounds):
            _changed_site(builder, settings, folder, bench, first, "first build")
            _changed_site(builder, settings, folder, bench, again, "nothing changed")
            bench.remove(os.path.join(folder, "site"))
