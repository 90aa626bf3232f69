"""Who may do what, against the running daemon: the shipped tables, the old front's holes, changes while it serves."""

import json
import os
import re
import subprocess
import tempfile

from lib import http as wire
from lib import images
from lib.site import BUILDER, LAYER, OTHER, PICTURE, PROXY, UPLOADS, Site, hash_of, rules
from lib.testing import check, equal, expect

PUSH = 'Basic realm="docker-registry (push)"'
READ_RESTRICTED = 'Basic realm="docker-registry restricted (restricted-read)"'
PUSH_RESTRICTED = 'Basic realm="docker-registry restricted (restricted-push)"'
ML = 'Basic realm="docker-registry ml"'


def tests(context):
    for fixture, rows in (("seed.yaml", SEED), ("newer.yaml", NEWER)):
        with Site(context, fixture) if fixture == "newer.yaml" else SeedSite(context) as site:
            for row in rows:
                yield f"{fixture} {describe(row)}", lambda row=row: run_row(site, row)
    with Site(context) as site:
        for function in (mount_does_not_leak, no_spelling_passes_by_the_rule, forwarded_headers_count_from_proxies_only,
                         unlisted_host_is_refused_before_the_password, stale_login_still_pulls,
                         hidden_is_answered_as_missing, catalogue_hides_what_may_not_be_pulled,
                         wrong_passwords_do_not_lock_out, broken_file_changes_nothing, passwords_rotate,
                         revoked_password_ends_at_once, read_only_refuses_writes, passive_names_the_active_one,
                         reloader_tells_what_changed, reloader_refuses_a_broken_file, reloader_misses_no_change,
                         operator_sees_the_state, operator_is_told_what_is_wrong, operator_sees_why,
                         operator_checks_a_file, reloader_finds_the_file_and_waits_for_the_daemon,
                         no_secret_in_the_log, last_good_rules_outlive_a_broken_file):
            yield function.__name__.replace("_", " "), lambda function=function: function(site)


class SeedSite(Site):
    def __init__(self, context):
        super().__init__(context, "seed.yaml")

    def push(self, repository, account):
        super().push(repository, "ci-restricted" if account == "ml-build" else account)


# Account (None: no credentials; "x:wrong": with a wrong password), method, repository or path, source, expected.
SEED = [
    (None, "GET", "public/x", OTHER, 200),
    (None, "GET", "restricted/x", OTHER, READ_RESTRICTED),
    (None, "HEAD", "restricted/x", OTHER, READ_RESTRICTED),
    (None, "GET", "restricted", OTHER, READ_RESTRICTED),
    ("kubernetes", "GET", "restricted/x", OTHER, 200),
    ("ci-restricted", "GET", "restricted/x", OTHER, 200),
    ("ci-build", "GET", "restricted/x", OTHER, READ_RESTRICTED),
    ("prod-build", "GET", "restricted/x", OTHER, READ_RESTRICTED),
    ("kubernetes:wrong", "GET", "restricted/x", OTHER, READ_RESTRICTED),
    ("nobody", "GET", "restricted/x", OTHER, READ_RESTRICTED),
    (None, "POST", "public/x", BUILDER, PUSH),
    (None, "POST", "restricted/x", BUILDER, PUSH_RESTRICTED),
    ("ci-build", "POST", "public/x", BUILDER, 202),
    ("prod-build", "POST", "public/x", BUILDER, 202),
    ("ci-restricted", "POST", "public/x", BUILDER, 202),
    ("ci-restricted", "POST", "restricted/x", BUILDER, 202),
    ("ci-build", "POST", "restricted/x", BUILDER, PUSH_RESTRICTED),
    ("kubernetes", "POST", "public/x", BUILDER, PUSH),
    ("kubernetes", "POST", "restricted/x", BUILDER, PUSH_RESTRICTED),
    ("ci-build:wrong", "POST", "public/x", BUILDER, PUSH),
    ("kubernetes", "DELETE", "restricted/x", BUILDER, PUSH_RESTRICTED),
    ("ci-build", "DELETE", "restricted/x", BUILDER, PUSH_RESTRICTED),
    (None, "DELETE", "public/x", BUILDER, PUSH),
]
NEWER = [
    (None, "GET", "/v2", OTHER, 301),
    (None, "GET", "/v2/", OTHER, 200),
    ("ci-build:wrong", "GET", "/v2/", OTHER, 200),
    (None, "GET", "/v2/_catalog", OTHER, 200),
    ("kubernetes", "GET", "restricted/x", OTHER, 200),
    ("prod-build", "GET", "restricted/x", OTHER, 200),
    ("ci-build", "GET", "restricted/x", OTHER, READ_RESTRICTED),
    ("ml-build", "GET", "restricted/x", OTHER, READ_RESTRICTED),
    ("prod-build", "POST", "restricted/x", BUILDER, PUSH_RESTRICTED),
    (None, "GET", "ml/x", OTHER, 200),
    (None, "POST", "ml/x", BUILDER, ML),
    ("ci-build", "POST", "ml/x", BUILDER, ML),
    ("ci-restricted", "POST", "ml/x", BUILDER, ML),
    ("ml-build", "POST", "ml/x", BUILDER, 202),
    ("ml-build", "POST", "public/x", BUILDER, 202),
    ("ml-build", "POST", "public/x", OTHER, 403),
    ("ml-build", "POST", "restricted/x", BUILDER, PUSH_RESTRICTED),
]


def describe(row):
    account, method, where, source, wanted = row
    return f"{account or 'anonymous'} {method} {where} from {source}: {wanted}"


def run_row(site, row):
    account, method, where, source, wanted = row
    account, _, password = (account or "").partition(":")
    target = where if where.startswith("/") else \
        f"/v2/{where}{UPLOADS}" if method == "POST" else f"/v2/{where}/manifests/v1"
    answer = site.request(method, target, account, password, source)
    if isinstance(wanted, int):
        expect(answer, wanted)
    else:
        expect(answer, 401)
        equal(answer.get_all("WWW-Authenticate"), [wanted], "the challenge")
        if method != "HEAD":
            equal(answer.codes(), ["UNAUTHORIZED"], "the body's codes")


def mount_does_not_leak(site):
    """The old front looked at the path only: a mount made a restricted layer public."""
    for source in ("restricted/x", "restricted", "%72estricted/x", "none/x"):
        answer = site.request("POST", f"/v2/public/y{UPLOADS}?mount={LAYER}&from={source}", "ml-build")
        expect(answer, 202)
    for account, wanted in (("ml-build", 202), ("prod-build", 201)):
        answer = site.request("POST", f"/v2/public/{account}{UPLOADS}?mount={LAYER}&from=restricted/x", account)
        expect(answer, wanted)
    expect(site.request("GET", f"/v2/public/y/blobs/{LAYER}"), 404)


def no_spelling_passes_by_the_rule(site):
    for path in ("%72estricted/x", "/restricted/x", "public/../restricted/x", "public/%2e%2e/restricted/x",
                 "./restricted/x", "restricted//x", "restricted%2fx", "restricted/./x", "RESTRICTED/x",
                 "%2572estricted/x", "restricted/x/."):
        for suffix in ("/manifests/v1", "/tags/list", f"/blobs/{LAYER}"):
            answer = site.request("GET", f"/v2/{path}{suffix}", source=OTHER)
            check(answer.status in (301, 400, 401, 404), f"{path}{suffix}: {answer!r}")
            check(PICTURE.manifest not in answer.body, "the manifest was served")


def forwarded_headers_count_from_proxies_only(site):
    target = f"/v2/public/x{UPLOADS}"
    for name in ("X-Forwarded-For", "X-Client-Ip", "X-Real-Ip", "Forwarded"):
        value = f"for={BUILDER}" if name == "Forwarded" else BUILDER
        expect(site.request("POST", target, "ci-build", source=OTHER, headers={name: value}), 403)
    expect(site.request("POST", target, "ci-build", source=PROXY, headers={"X-Forwarded-For": BUILDER}), 202)
    spoofed = {"X-Forwarded-For": f"{BUILDER}, 192.0.2.1"}
    expect(site.request("POST", target, "ci-build", source=PROXY, headers=spoofed), 403)
    ping = site.request("GET", "/v2/", source=PROXY, headers={"X-Forwarded-For": "10.64.0.2"})
    equal((ping.status, ping.get("WWW-Authenticate")), (401, PUSH), "ping of a builder")
    expect(site.request("GET", "/v2/", "ci-build", source=PROXY, headers={"X-Forwarded-For": "10.64.0.2"}), 200)
    expect(site.request("GET", "/v2/_catalog", source=PROXY, headers={"X-Forwarded-For": "192.0.2.1"}), 403)


def unlisted_host_is_refused_before_the_password(site):
    counters = [f'registry_ha_access_logins_total{{result="{result}"}}' for result in ("right", "wrong", "too_many")]
    before = [site.metric(name) for name in counters]
    answers = [site.request("POST", f"/v2/public/x{UPLOADS}", account, password, OTHER)
               for account, password in (("ci-build", None), ("ci-build", "wrong"), ("nobody", None), ("kubernetes", None))]
    equal({(answer.status, answer.body) for answer in answers}, {(403, answers[0].body)}, "answers")
    equal(answers[0].codes(), ["DENIED"], "codes")
    equal([site.metric(name) for name in counters], before, "passwords checked")


def stale_login_still_pulls(site):
    before = site.metric("registry_ha_access_credentials_ignored_total")
    answer = expect(site.request("GET", "/v2/public/x/manifests/v1", "ci-build", "an old one"), 200)
    check("private" not in (answer.get("Cache-Control") or ""), "an anonymous answer may be cached")
    equal(site.metric("registry_ha_access_credentials_ignored_total"), before + 1, "ignored credentials")


def hidden_is_answered_as_missing(site):
    for suffix in ("/manifests/v1", "/tags/list", f"/blobs/{LAYER}", f"/referrers/{PICTURE.digest}"):
        there, missing = (site.request("GET", f"/v2/restricted/{name}{suffix}", "ci-build") for name in ("x", "none"))
        ignored = ("Date", "X-Request-Id")
        equal([there.status, there.body, [each for each in there.headers if each[0] not in ignored]],
              [missing.status, missing.body, [each for each in missing.headers if each[0] not in ignored]], suffix)


def catalogue_hides_what_may_not_be_pulled(site):
    answer = expect(site.request("GET", "/v2/_catalog?n=1"), 200)
    equal(answer.json()["repositories"], ["ml/x"], "first page")
    equal(answer.get_all("Cache-Control"), ["public,s-maxage=600,max-age=600"], "Cache-Control")
    names = expect(site.request("GET", "/v2/_catalog"), 200).json()["repositories"]
    check("public/x" in names and not [name for name in names if name.startswith("restricted")], f"names: {names}")
    check("restricted" not in (expect(site.request("GET", f"/v2/_catalog?n={len(names)}"), 200).get("Link") or ""), "Link")


def wrong_passwords_do_not_lock_out(site):
    target = f"/v2/public/x{UPLOADS}"
    for number in range(8):
        expect(site.request("POST", target, "ci-build", f"guess {number}"), 401, 429)
    expect(site.request("POST", target, "ci-build"), 202)


def broken_file_changes_nothing(site):
    site.reload(site.text.replace("pull: anonymous", "pull: [nobody]"), good=False)
    expect(site.request("GET", "/v2/public/x/manifests/v1"), 200)
    check("unknown account" in site.daemon.log(), "the error is not in the log")
    check(f"{site.path}:" in site.daemon.log(), "no FILE:LINE in the log")


def passwords_rotate(site):
    """An upload that began with the old password goes on with the new one, and with either while both are listed."""
    old, new = hash_of(site, "ci-build"), hash_of(site, "ml-build")
    begun = expect(site.request("POST", f"/v2/public/r{UPLOADS}", "ci-build"), 202)
    with rules(site, site.text.replace(f'["{old}"]', f'["{old}", "{new}"]')):
        for password in ("ci-build-secret", "ml-build-secret"):
            expect(site.request("POST", f"/v2/public/r{UPLOADS}", "ci-build", password), 202)
        body = PICTURE.blobs[LAYER]
        begun = expect(site.request("PATCH", begun.get("Location"), "ci-build", "ml-build-secret", body=body), 202)
    with rules(site, site.text.replace(old, new)):
        expect(site.request("POST", f"/v2/public/r{UPLOADS}", "ci-build"), 401)
        target = wire.with_query(begun.get("Location"), [("digest", LAYER)])
        expect(site.request("PUT", target, "ci-build", "ml-build-secret"), 201)


def revoked_password_ends_at_once(site):
    expect(site.request("GET", "/v2/restricted/x/manifests/v1", "kubernetes"), 200)
    with rules(site, site.text.replace(hash_of(site, "kubernetes"), hash_of(site, "ml-build"))):
        expect(site.request("GET", "/v2/restricted/x/manifests/v1", "kubernetes"), 401)
    expect(site.request("GET", "/v2/restricted/x/manifests/v1", "kubernetes"), 200)


def read_only_refuses_writes(site):
    with rules(site, site.text.replace("read_only: false", "read_only: true")):
        for account in (None, "ci-build"):
            answer = expect(site.request("POST", f"/v2/public/x{UPLOADS}", account), 403)
            equal(answer.codes(), ["DENIED"], "codes")
            check(b"read-only" in answer.body, "the answer does not say why")
        expect(site.request("DELETE", "/v2/public/x/manifests/v1", "ci-build"), 403)
        expect(site.request("GET", "/v2/public/x/manifests/v1"), 200)
        equal(site.request("GET", "/healthz").json()["read_only"], True, "healthz")
        equal(site.metric("registry_ha_read_only"), 1, "metric")
    expect(site.request("POST", f"/v2/public/x{UPLOADS}", "ci-build"), 202)


def passive_names_the_active_one(site):
    with rules(site, site.text.replace("role: active", 'role: passive, active_url: "https://active.example"')):
        answer = expect(site.request("POST", f"/v2/public/x{UPLOADS}", "ci-build"), 403)
        check(b"https://active.example" in answer.body, f"no active one in {answer!r}")
        equal(site.request("GET", "/healthz").json()["role"], "passive", "role")


def reloader(site, *options):
    return subprocess.run([os.path.join(site.programs, "registry-acl-reloader"), "--file", site.path,
                           "--socket", site.daemon.control, *options], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60, check=False)


def reloader_tells_what_changed(site):
    site.write(site.text.replace("read_only: false", "read_only: true")
               .replace(hash_of(site, "kubernetes"), hash_of(site, "ml-build")))
    done = reloader(site)
    equal((done.returncode, done.stderr), (0, ""), "exit code and errors")
    equal(done.stdout.splitlines()[1:], ["  account kubernetes: passwords changed",
                                         "  mode is now active, read-only (was active)"], "changes")
    expect(site.request("POST", f"/v2/public/x{UPLOADS}", "ci-build"), 403)
    expect(site.request("GET", "/v2/restricted/x/manifests/v1", "kubernetes"), 401)
    site.write(site.text)
    equal(reloader(site).returncode, 0, "exit code")
    expect(site.request("POST", f"/v2/public/x{UPLOADS}", "ci-build"), 202)
    check("nothing changed" in reloader(site).stdout, "a second run says that something changed")


def reloader_refuses_a_broken_file(site):
    generation = site.metric("registry_ha_access_generation")
    site.write(site.text.replace("pull: anonymous", "pull: [nobody]").replace("role: active", "role: none"))
    done = reloader(site)
    equal((done.returncode, done.stdout), (1, ""), "exit code and output")
    lines = done.stderr.splitlines()
    equal(len(lines), 3, f"errors: {lines}")
    check(all(re.match(re.escape(site.path) + r":\d+: ", line) for line in lines), f"no FILE:LINE in {lines}")
    equal(site.metric("registry_ha_access_generation"), generation, "generation")
    equal(reloader(site, "--file", "/nonexistent").returncode, 1, "exit code without a file")
    site.write(site.text)
    equal(reloader(site, "--socket", "/nonexistent").returncode, 3, "exit code without a daemon")
    equal(reloader(site, "--nonsense").returncode, 2, "exit code of wrong use")


def reloader_finds_the_file_and_waits_for_the_daemon(site):
    """Without --file it is the daemon's own; a daemon that is being restarted is waited for."""
    command = [os.path.join(site.programs, "registry-acl-reloader"), "--socket", site.daemon.control]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=60, check=False)
    equal(done.returncode, 0, "exit code")
    check("nothing changed" in done.stdout, done.stdout)
    site.daemon.stop()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        site.daemon.start()
        equal((running.wait(60), "applied" in running.stdout.read()), (0, True), "exit code and output after a restart")


def reloader_misses_no_change(site):
    """A file that changes while reloaders run: after the last one, what is in force is what the file says."""
    texts = [site.text, site.text.replace("read_only: false", "read_only: true")]
    for number in range(20):
        handle, path = tempfile.mkstemp(prefix="rha-access-")
        os.close(handle)
        with open(path, "w", encoding="utf-8") as file:
            file.write(texts[number % 2])
        running = subprocess.Popen([os.path.join(site.programs, "registry-acl-reloader"), "--file", site.path,
                                    "--socket", site.daemon.control], stdout=subprocess.DEVNULL)
        os.replace(path, site.path)
        equal(running.wait(60), 0, "exit code")
        equal(site.metric("registry_ha_read_only"), number % 2, f"mode after change {number}")
    site.write(site.text)
    equal(reloader(site).returncode, 0, "exit code")


def ctl(site, *words):
    return subprocess.run([os.path.join(site.programs, "docker-registryctl"), "--socket", site.daemon.control, *words],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=60, check=False)


def operator_sees_the_state(site):
    state = json.loads(ctl(site, "--json", "status").stdout)["access"]
    equal(state["generation"], site.metric("registry_ha_access_generation"), "generation")
    equal(state["hash"], images.digest(site.text.encode()), "hash")
    equal((state["read_only"], state["role"]), (False, "active"), "mode")
    check(re.search(r"^access\.generation +\d+$", ctl(site, "status").stdout, re.M), "no generation in the table")
    equal(ctl(site, "--socket", "/nonexistent", "status").returncode, 2, "exit code without a daemon")
    equal(ctl(site, "nonsense").returncode, 3, "exit code of an unknown action")
    equal(state["file"], site.path, "file")


def operator_is_told_what_is_wrong(site):
    for words, code, text in ((["statsu"], 3, "did you mean status?"), ([], 3, "no action is named"),
                              (["--accout", "a", "status"], 1, "did you mean --account?"),
                              (["--account"], 1, "--account needs an argument"),
                              (["--account", "a", "status"], 1, "--account belongs to explain"),
                              (["explain"], 1, "ping, catalog, pull, push or delete"),
                              (["explain", "pull"], 1, "needs a repository"),
                              (["explain", "--account", "ci-build", "push", "a"], 1, "from is missing"),
                              (["explain", "--from", "host", "pull", "a"], 1, "from must be an IP address"),
                              (["explain", "pull", "UPPER"], 1, "repository: "),
                              (["check-access"], 1, "needs a file"),
                              (["check-access", "/nonexistent"], 1, "/nonexistent: there is no such file")):
        for more in ([], ["--file", site.path] if words[:1] == ["explain"] else []):
            done = ctl(site, *words, *more)
            equal(done.returncode, code, f"exit code of {words} {more}")
            check(text in done.stderr and not done.stdout, f"{words} {more}: {done.stderr!r} {done.stdout!r}")
    for option in ("--help", "--man-page", "--bash-completion", "--version"):
        done = ctl(site, option)
        equal((done.returncode, done.stderr), (0, ""), option)
        check("docker-registryctl" in done.stdout.replace("\\", ""), f"{option}: {done.stdout[:200]}")
    complete = subprocess.run(["bash", "-c", f"source <({site.programs}/docker-registryctl --bash-completion); "
                               "_docker_registryctl docker-registryctl ch docker-registryctl; echo ${COMPREPLY[@]}; "
                               "_docker_registryctl docker-registryctl p explain; echo ${COMPREPLY[@]}; "
                               "_docker_registryctl docker-registryctl --f explain; echo ${COMPREPLY[@]}"],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60, check=False).stdout
    equal(complete.splitlines(), ["check-access", "ping pull push", "--from --file"], "completion")


def operator_sees_why(site):
    question = ["--json", "--account", "ci-build", "--from", "127.0.0.1", "push", "public/a"]
    for words, verdict, rule in ((question, "allow", '""'),
                                 (question[:-1] + ["restricted/a"], "challenge", '"restricted/"'),
                                 (["--from", "127.0.0.2", *question[:3], *question[5:]], "deny", '""'),
                                 (["--mount-from", "restricted/x", *question], "deny", '"restricted/"')):
        live = json.loads(ctl(site, "explain", *words).stdout)
        equal((live["verdict"], live["rule"]), (verdict, rule), f"explain {words}")
        shown = ctl(site, "explain", *[word for word in words if word != "--json"]).stdout
        check(re.search(rf"^verdict +{verdict}", shown) and f"reason      {live['reason']}\n" in shown, shown)
        by_file = json.loads(ctl(site, "explain", "--file", site.path, *words).stdout)
        equal({**by_file, "generation": live["generation"]}, live, "by the file and by the daemon")


    unknown = ctl(site, "explain", "--account", "nobody", "pull", "restricted/x").stdout
    check("note        there is no such account" in unknown, unknown)


def operator_checks_a_file(site):
    done = ctl(site, "check-access", site.path)
    equal((done.returncode, done.stdout), (0, f"{site.path}: no errors\n"), "a good file")
    site.write(site.text.replace("pull: anonymous", "pull: [nobody]"))
    done = ctl(site, "check-access", site.path)
    site.write(site.text)
    equal(done.returncode, 1, "exit code")
    check(done.stderr.startswith(f"{site.path}:"), f"no FILE:LINE in {done.stderr}")


def no_secret_in_the_log(site):
    log = site.daemon.log()
    for secret in ("-secret", "guess 1", hash_of(site, "ci-build"), "Authorization"):
        check(secret not in log, f"{secret!r} is in the log")
    line = next(line for line in log.splitlines() if "principal=ci-build" in line)
    check("rule=" in line and "generation=" in line, f"no rule or generation in {line}")


def last_good_rules_outlive_a_broken_file(site):
    site.write("rules: [")
    site.daemon.restart()
    equal(site.metric("registry_ha_access_file_broken"), 1, "metric")
    expect(site.request("GET", "/v2/restricted/x/manifests/v1"), 401)
    expect(site.request("GET", "/v2/restricted/x/manifests/v1", "kubernetes"), 200)
    site.reload(site.text)
    equal(site.metric("registry_ha_access_file_broken"), 0, "metric")
