// checkTls(): what an operator should know about certificates before they are used.
#include <sys/stat.h>

#include <algorithm>

#include "net/tls.h"
#include "net/tls_certificate.h"
#include "net/tls_context.h"

namespace rha::net {
namespace {

std::string dayOf(base::WallTime time) { return base::formatRfc3339(time).substr(0, 10); }

void warnOfTimes(const CertificateInfo& info, base::WallTime now, std::vector<std::string>& warnings) {
  const std::string& path = info.files.certificate;
  if (info.notAfter <= now) {
    warnings.push_back(path + ": has EXPIRED on " + dayOf(info.notAfter) + "; clients refuse it. Renew it");
  } else if (info.notAfter - now < kExpiryWarning) {
    warnings.push_back(path + ": expires soon, on " + dayOf(info.notAfter) + "; renew it");
  }
  if (info.notBefore > now) {
    warnings.push_back(path + ": is not valid before " + base::formatRfc3339(info.notBefore) +
                       "; clients refuse it until then");
  }
}

void warnOfOpenKey(const std::string& path, std::vector<std::string>& warnings) {
  struct stat about {};
  if (::stat(path.c_str(), &about) == 0 && (about.st_mode & S_IROTH) != 0) {
    warnings.push_back(path + ": everybody on this host can read this private key; chmod o-r " + path);
  }
}

// One that no client gets to see: others before it, with keys of the same kind, have all its names.
void warnOfUnused(const Certificate& certificate, const std::vector<Certificate>& before,
                  std::vector<std::string>& warnings) {
  const CertificateInfo& info = certificate.info;
  const auto isTaken = [&](const std::string& name) {
    return std::any_of(before.begin(), before.end(), [&](const Certificate& other) {
      const auto& names = other.info.names;
      return other.keyKind() == certificate.keyKind() && std::find(names.begin(), names.end(), name) != names.end();
    });
  };
  const bool hasOwn = !std::all_of(info.names.begin(), info.names.end(), isTaken);
  if (!hasOwn) {
    warnings.push_back(info.files.certificate + ": is never used: " +
                       (info.names.empty()
                            ? "it has no name"
                            : "the certificates before it, with keys of the same kind, have all its names"));
  }
}

}  // namespace

TlsFindings checkTls(const TlsSettings& settings, base::WallTime now) {
  TlsFindings findings;
  std::vector<Certificate> certificates;
  for (const CertificateFiles& files : settings.certificates) {
    auto loaded = loadCertificate(files);
    if (!loaded) {
      findings.errors.push_back(loaded.error());
      continue;
    }
    warnOfTimes(loaded->info, now, findings.warnings);
    warnOfOpenKey(files.key, findings.warnings);
    if (&files != &settings.certificates.front()) {
      warnOfUnused(*loaded, certificates, findings.warnings);
    }
    certificates.push_back(*std::move(loaded));
  }
  if (findings.errors.empty() && !certificates.empty()) {
    const base::SystemClock clock;
    const auto made = TlsContext::make(std::move(certificates), settings.leastVersion, clock);
    if (!made) {
      findings.errors.push_back(made.error());
    }
  }
  return findings;
}

}  // namespace rha::net
