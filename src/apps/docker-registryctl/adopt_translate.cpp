#include "apps/docker-registryctl/adopt_translate.h"

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "config/distribution_config.h"

namespace rha::registryctl {
namespace {

namespace fs = std::filesystem;
using config::TranslatedConfig;

constexpr std::uint64_t kLargestFile = 1024 * 1024;
constexpr unsigned kForEverybody = 0644;
constexpr unsigned kForOwner = 0600;
constexpr const char* kFolder = "/etc/docker-registry-ha";

Outcome failed(std::string text) { return {ExitCode::WrongUse, "", std::move(text)}; }

// nullopt with the reason in `fault`.
std::optional<std::string> readText(const std::string& file, std::string& fault) {
  try {
    auto text = base::readFile(file, kLargestFile);
    fault = file + ": there is no such file\n";
    return text;
  } catch (const base::IoError& error) {
    fault = std::string(error.what()) + '\n';
  } catch (const std::length_error&) {
    fault = file + ": is larger than 1 MiB; this cannot be a configuration\n";
  }
  return std::nullopt;
}

struct NewFile {
  fs::path path;
  std::string_view text;
  unsigned mode;
};

// All or none: where one exists already, nothing is written.
std::string writeAll(const std::vector<NewFile>& files) {
  for (const NewFile& file : files) {
    if (fs::exists(fs::symlink_status(file.path))) {
      return file.path.string() + ": is there already; nothing was written\n";
    }
  }
  std::vector<fs::path> written;
  try {
    for (const NewFile& file : files) {
      base::writeFileAtomically(file.path, file.text, base::Durability::Durable, file.mode);
      written.push_back(file.path);
    }
    return "";
  } catch (const base::IoError& error) {
    for (const fs::path& path : written) {
      std::error_code ignored;
      fs::remove(path, ignored);
    }
    return std::string(error.what()) + "; nothing was written\n";
  }
}

std::string notesText(const std::string& file, const TranslatedConfig& translated) {
  std::string text;
  for (const auto& note : translated.notes) {
    text += file + (note.line > 0 ? ':' + std::to_string(note.line) : "") + ": " +
            (note.key.empty() ? "" : note.key + ": ") + note.text + '\n';
  }
  return text;
}

nlohmann::ordered_json asJson(const TranslatedConfig& translated, const std::string& access) {
  nlohmann::ordered_json json{{"registryd.yaml", translated.settings},
                              {"access.yaml", access},
                              {"secret_files", nlohmann::json::array()},
                              {"notes", nlohmann::json::array()}};
  for (const auto& secret : translated.secrets) {
    json["secret_files"].push_back(secret.name);
  }
  for (const auto& note : translated.notes) {
    json["notes"].push_back({{"line", note.line}, {"key", note.key}, {"text", note.text}});
  }
  return json;
}

// Password hashes are not for the screen.
std::string shownAccess(const TranslatedConfig& translated) { return config::accessText(translated.access, ""); }

std::string printedText(const std::string& file, const TranslatedConfig& translated) {
  std::string text = "--- registryd.yaml\n" + translated.settings + "--- access.yaml\n" + shownAccess(translated);
  for (const auto& secret : translated.secrets) {
    text += "--- " + secret.name + ": a secret, written with --to only\n";
  }
  return text + "--- notes\n" + notesText(file, translated);
}

Outcome written(const Options& options, const std::string& file, TranslatedConfig& translated) {
  std::string htpasswd;
  if (!translated.access.htpasswdFile.empty()) {
    std::string fault;
    if (auto text = readText(translated.access.htpasswdFile, fault)) {
      htpasswd = std::move(*text);
    } else {
      translated.notes.push_back(
          {0, "auth.htpasswd.path", "its accounts are missing in access.yaml: " + fault.substr(0, fault.size() - 1)});
    }
  }
  const fs::path folder = fs::absolute(options.to);
  const std::string access = config::accessText(translated.access, htpasswd);
  std::vector<NewFile> files{{folder / "registryd.yaml", translated.settings, kForEverybody},
                             {folder / "access.yaml", access, kForOwner}};
  for (const auto& secret : translated.secrets) {
    files.push_back({folder / secret.name, secret.contents.reveal(), kForOwner});
  }
  if (!fs::is_directory(folder)) {
    return failed(folder.string() + ": there is no such folder\n");
  }
  if (std::string fault = writeAll(files); !fault.empty()) {
    return failed(std::move(fault));
  }
  Outcome outcome;
  if (options.format == Format::Json) {
    outcome.out = asJson(translated, shownAccess(translated)).dump(2) + '\n';
    return outcome;
  }
  for (const NewFile& each : files) {
    outcome.out += "written: " + each.path.string() +
                   (each.mode == kForOwner ? " (mode 0600: give it to the service's user)" : "") + '\n';
  }
  outcome.out += notesText(file, translated);
  return outcome;
}

}  // namespace

Outcome translateConfig(const Options& options) {
  if (options.words.size() != 2 || options.words[0] != "translate") {
    return failed("docker-registryctl: adopt takes no argument, or: translate FILE\n");
  }
  const std::string& file = options.words[1];
  std::string fault;
  const auto text = readText(file, fault);
  if (!text) {
    return failed(std::move(fault));
  }
  auto translated =
      config::translateDistributionConfig(*text, options.to.empty() ? kFolder : fs::absolute(options.to).string());
  if (!translated) {
    fault.clear();
    for (const config::SettingError& error : translated.error()) {
      fault += config::toText(file, error) + '\n';
    }
    return failed(std::move(fault));
  }
  if (!options.to.empty()) {
    return written(options, file, *translated);
  }
  if (options.format == Format::Json) {
    return {ExitCode::Ok, asJson(*translated, shownAccess(*translated)).dump(2) + '\n', ""};
  }
  return {ExitCode::Ok, printedText(file, *translated), ""};
}

}  // namespace rha::registryctl
