"""The decision tables with real clients: skopeo and podman, logged in as each account, pull and push where they may."""

import subprocess

from lib import images
from lib.clients import Podman, Skopeo
from lib.site import Site
from lib.testing import check, equal, run

# What an account may pull (the rest is open to everybody) and push, by the shipped tables.
TABLES = {
    "seed.yaml": {
        "ci-restricted": {"pull": ["restricted"], "push": ["restricted", "public"]},
        "ci-build": {"pull": [], "push": ["public"]},
        "prod-build": {"pull": [], "push": ["public"]},
        "kubernetes": {"pull": ["restricted"], "push": []},
    },
    "newer.yaml": {
        "ci-restricted": {"pull": ["restricted"], "push": ["restricted", "public"]},
        "ci-build": {"pull": [], "push": ["public"]},
        "prod-build": {"pull": ["restricted"], "push": ["public"]},
        "kubernetes": {"pull": ["restricted"], "push": []},
        "ml-build": {"pull": [], "push": ["ml", "public"]},
    },
}
IMAGE = images.image("access-clients")


class ClientSite(Site):
    """127.0.0.1 is a builder: it is asked for credentials at the ping, so that a login proves the password."""

    def __init__(self, context, fixture):
        super().__init__(context, fixture)
        self.text = self.text.replace("challenge_hosts: [", "challenge_hosts: [127.0.0.1, ")
        self.write(self.text)
        self.fixture = fixture
        self.namespaces = ["restricted", "public"] + (["ml"] if fixture == "newer.yaml" else [])

    def push(self, repository, account):
        super().push(repository, "ci-restricted" if account == "ml-build" and self.fixture == "seed.yaml" else account)

    def name(self, repository, tag="v1"):
        return f"127.0.0.1:{self.daemon.port}/{repository}:{tag}"


def tests(context):
    for tool, client_class, functions in (("skopeo", Skopeo, (skopeo_pulls, skopeo_pushes)),
                                          ("podman", Podman, (podman_pulls, podman_pushes))):
        for fixture, table in TABLES.items():
            with ClientSite(context, fixture) as site, client_class() as client:
                yield f"{tool}, {fixture}: a wrong password does not log in", \
                    lambda client=client, site=site, tool=tool: wrong_login(context, client, site, tool)
                for account, rights in table.items():
                    yield f"{tool}, {fixture}: {account}", \
                        lambda client=client, site=site, tool=tool, account=account, rights=rights, functions=functions: \
                        everything(client, site, tool, account, rights, functions)


def everything(client, site, tool, account, rights, functions):
    login(client, site, tool, account, f"{account}-secret")
    pulls, pushes = functions
    open_to_all = [name for name in site.namespaces if name != "restricted"]
    equal([name for name in site.namespaces if pulls(client, site, name)],
          [name for name in site.namespaces if name in rights["pull"] + open_to_all], f"what {account} pulls")
    equal([name for name in site.namespaces if pushes(client, site, name, account)],
          [name for name in site.namespaces if name in rights["push"]], f"what {account} pushes")


def login(client, site, tool, account, password):
    run([tool, "login", "--tls-verify=false", "--username", account, "--password", password,
         f"127.0.0.1:{site.daemon.port}"], env=client.environment)


def wrong_login(context, client, site, tool):
    context.tool(tool)
    try:
        login(client, site, tool, "ci-build", "guess")
    except AssertionError as error:
        check("401" in str(error) or "unauthorized" in str(error).lower() or "invalid username" in str(error).lower(),
              f"the login failed for another reason: {error}")
        return
    raise AssertionError("a wrong password logged in")


def attempt(client, arguments):
    """Whether the command did it; a failure must be for want of rights."""
    done = subprocess.run(arguments, env=client.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=120, check=False)
    text = done.stdout.decode(errors="replace").lower()
    refused = any(word in text for word in ("unauthorized", "authentication required", "denied", "401", "403"))
    check(done.returncode == 0 or refused, f"{' '.join(arguments)} failed for another reason: {text[-1500:]}")
    return done.returncode == 0


def skopeo_pulls(client, site, namespace):
    return attempt(client, ["skopeo", "--insecure-policy", "copy", "-q", "--src-tls-verify=false",
                            f"docker://{site.name(namespace + '/x')}", f"dir:{client.path('pulled-' + namespace)}"])


def skopeo_pushes(client, site, namespace, account):
    source = client.path("image")
    images.write_dir(IMAGE, source)
    return attempt(client, ["skopeo", "--insecure-policy", "copy", "-q", "--dest-tls-verify=false", f"dir:{source}",
                            f"docker://{site.name(f'{namespace}/{account}', 'skopeo')}"])


def podman(client, *arguments):
    return attempt(client, ["podman", "--cgroup-manager", "cgroupfs", *arguments])


def podman_pulls(client, site, namespace):
    return podman(client, "pull", "-q", "--tls-verify=false", site.name(f"{namespace}/x"))


def podman_pushes(client, site, namespace, account):
    podman(client, "pull", "-q", "--tls-verify=false", site.name("public/x"))
    return podman(client, "push", "-q", "--tls-verify=false", site.name("public/x"),
                  site.name(f"{namespace}/{account}", "podman"))
