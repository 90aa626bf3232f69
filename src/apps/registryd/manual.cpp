#include "apps/registryd/manual.h"

#include "apps/registryd/options.h"
#include "config/settings_text.h"
#include "oci/error_code.h"

namespace rha::registryd {
namespace {

using config::escapeRoff;

constexpr std::string_view kIntroduction = R"(.SH NAME
registryd \- container image registry
.SH SYNOPSIS
.B registryd
[\fIOPTION\fR]...
.SH DESCRIPTION
.B registryd
stores container images and other artifacts and serves them over HTTP, as the OCI distribution specification 1.1 and the
Docker Registry HTTP API V2 have it. It needs no configuration: without any it answers on 127.0.0.1:5000 and keeps
images below /var/lib/docker\-registry\-ha. The layout of its storage is the one of CNCF distribution 2.8, whose folder it
can take over.
.PP
Started by systemd, it takes the sockets it is given (a socket named "debug" is for metrics, one named "https" is for
HTTPS, all others are for plain HTTP), reports its state, and answers the watchdog.
.SH OPTIONS
)";

constexpr std::string_view kSettings = R"(.SH SETTINGS
A YAML file; each name below stands for a path of nested keys (\fIhttp.listen\fR is the key \fIlisten\fR in the map
\fIhttp\fR). What is left out has its default. An unknown key is an error. A size is a number of bytes or has the unit
KiB, MiB, GiB or TiB; a duration has the unit ms, s, m, h or d; an address is IP:PORT, with an IPv6 address in brackets,
and *:PORT means all addresses. All settings are read at the start;
the file that access.file names and the certificates of http.tls are read again on a reload.
)";

constexpr std::string_view kErrors = R"(.SH ERRORS
A request that fails is answered with JSON, {"errors":[{"code":"...","message":"...","detail":...}]}; the message says what
is wrong and where. The codes, each with its usual status:
)";

constexpr std::string_view kEnd = R"(.SH SIGNALS
.TP
.BR SIGTERM ", " SIGINT
Stop: no new connections, requests under way have 25 seconds to end, then exit 0. A second signal ends them at once.
.TP
.B SIGHUP
Read access.file and the certificates anew. What has errors stays as it was, and the errors are in the log.
\fBdocker\-registryctl reload\fR does the same and tells them. Connections that are open go on.
.TP
.B SIGUSR2
Hand over, as \fB\-\-hand\-over\fR does. The outcome is in the log.
.SH HANDING OVER
\fBregistryd \-\-hand\-over\fR, which an upgrade of the package runs, puts a new program or new settings to use without
breaking off a transfer. The process that serves starts its successor with the same command line and passes the listening
sockets on. Once the successor serves, it becomes the service's main process; the old one accepts no more, gives each of its
connections one last answer, finishes transfers and uploads that are under way, and ends: after http.hand_over_deadline at
the latest. Meanwhile both work on the same storage and index, each sees at once what the other changes, and changed rules
and certificates count in both. \fBdocker\-registryctl status\fR shows the old one as \fIpredecessor\fR.
.PP
If the successor does not come up (broken settings, a program that does not start), the old process goes on as before, and
the command says so and fails. What a hand-over cannot change, for both must agree in it, is the storage, the place of the
index and the addresses to listen on (the sockets are kept): then the successor ends, the old process goes on, the command
ends with 5, and a restart does it. Changes of the unit, such as its sandbox, take one, too.
.PP
Whether the settings in force are those of the file can be asked: \fBdocker\-registryctl status\fR shows as
\fIsettings.hash\fR the SHA-256 of what \fBregistryd \-\-dump\-config\fR prints.
.PP
A client that sends a further part of an upload while the old process still receives one of the same upload gets 503 and
tries again.
.SH REBUILDING THE INDEX
A registry whose index is missing or damaged makes it by itself, and serves pulls and pushes meanwhile; lists are answered
with 503 until it is done. \fB\-\-rebuild\-index\fR does the same without serving, for an index that is believed to be
wrong. Run it as the user of the service, so that the service can write what it makes:
.PP
.RS
runuser \-u docker\-registry\-ha \-\- registryd \-\-rebuild\-index
.RE
.SH EXIT STATUS
0: ended as asked. 1: the settings have errors, or the start failed; one line on standard error says why. 2: wrong use of
the command line. 3, 4, 5: of \fB\-\-hand\-over\fR, above.
.SH LOG
One event per line on standard error, as key=value. Each request has one line (event=request) with its id, which the
client got as X\-Request\-Id.
.SH ENVIRONMENT
.TP
.B REGISTRYD_BOOT
What tells one boot from the next; without it, the kernel's boot id. An upload that was begun on a local disk goes on in a
process that is started later in the same boot, and is refused after another: a power cut may have taken some of its bytes.
The service's unit sets it, since its sandbox hides what the kernel says.
.SH FILES
.TP
.I /etc/docker\-registry\-ha/registryd.yaml
The settings.
.TP
.I /var/lib/docker\-registry\-ha
Images, the index, and the secret that signs uploads in progress.
.TP
.I /etc/docker\-registry\-ha/access.yaml
Accounts, rules, uploading hosts and mode, if access.file names it.
.TP
.I /var/lib/docker\-registry\-ha/access\-last\-good.yaml
What of it is in force; used at a start while the file has errors.
.TP
.I /run/docker\-registry\-ha/control.sock
Where docker\-registryctl reaches the daemon. Who may open it may command the registry.
)";

}  // namespace

std::string manPage(std::string_view version) {
  std::string page = ".TH REGISTRYD 8 \"\" \"docker\\-registry\\-ha " + escapeRoff(version) + "\"\n";
  page += kIntroduction;
  for (const OptionRow& row : allOptions()) {
    page += ".TP\n.BR " + escapeRoff(row.name);
    page += (row.argument.empty() ? "" : " \" " + escapeRoff(row.argument) + "\"") + "\n";
    page += escapeRoff(row.help) + ".\n";
  }
  page += kSettings;
  page += config::settingsAsRoff();
  page += kErrors;
  for (const oci::ErrorCodeInfo& row : oci::allErrorCodes()) {
    page += ".TP\n.BR " + escapeRoff(row.name) + " \" (" + std::to_string(row.httpStatus) + ")\"\n" +
            escapeRoff(row.description) + "\n";
  }
  page += kEnd;
  return page;
}

}  // namespace rha::registryd
