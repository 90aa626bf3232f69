// translateDistributionConfig(): the config.yml of CNCF distribution 2.x (docker-registry) as a registryd.yaml and an
// access.yaml that mean the same, as far as that goes.
//
// The access rules begin in read-only mode, so that a storage can be looked at before it is taken over. Secrets come
// apart from the texts, each for a file of its own; they stand in no text and no note. What has no equivalent is a note
// with its line: what it was, and what to do instead. Settings that docker-registry takes from its environment
// (REGISTRY_…) are not seen.
// Pure; thread-safe. Failure: errors with their lines, when there is no storage here that could be taken over.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "config/settings_check.h"

namespace rha::config {

struct TranslatedConfig {
  struct SecretFile {
    std::string name;  // below the folder of the configuration
    base::Secret contents;
  };
  struct Note {
    int line = 0;
    std::string key;   // "storage.redirect.disable"
    std::string text;  // for the operator
  };
  // What access.yaml is made from (accessText()).
  struct Access {
    bool deletes = false;      // storage.delete.enabled
    std::string htpasswdFile;  // whose accounts may push and pull; "": nobody was asked for a password
    std::string realm;
  };
  std::string settings;  // registryd.yaml
  Access access;
  std::vector<SecretFile> secrets;
  std::vector<Note> notes;  // by line
};

// `folder` is where the files will lie: "/etc/docker-registry-ha".
base::Result<TranslatedConfig, SettingErrors> translateDistributionConfig(std::string_view yaml,
                                                                          const std::string& folder);

// access.yaml in read-only mode. `htpasswd` is what is in access.htpasswdFile: its accounts with their hashes, all of
// which may do what docker-registry let them do. "" where there is none, or it cannot be read.
std::string accessText(const TranslatedConfig::Access& access, std::string_view htpasswd);

}  // namespace rha::config
