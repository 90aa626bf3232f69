#include "storage/s3_credentials.h"

#include <stdexcept>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "storage/storage_error.h"

namespace rha::storage {
namespace {

constexpr std::uint64_t kMaxFileBytes = 64 * 1024;
constexpr std::chrono::seconds kLookEvery{5};

[[noreturn]] void refuse(const std::filesystem::path& path, std::size_t line, const std::string& why) {
  const std::string place = line > 0 ? ", line " + std::to_string(line) : "";
  throw StorageError(StorageFailure::Broken,
                     "s3: the credentials file " + path.string() + place + ": " + why +
                         "; it must have the lines \"aws_access_key_id = …\" and \"aws_secret_access_key = …\"");
}

bool same(const S3Credentials& a, const S3Credentials& b) {
  return a.accessKey == b.accessKey && base::equalConstantTime(a.secretKey.reveal(), b.secretKey.reveal()) &&
         base::equalConstantTime(a.sessionToken.reveal(), b.sessionToken.reveal());
}

void take(S3Credentials& credentials, std::string_view key, std::string_view value) {
  if (key == "aws_access_key_id") {
    credentials.accessKey = value;
  } else if (key == "aws_secret_access_key") {
    credentials.secretKey = base::Secret(std::string(value));
  } else if (key == "aws_session_token") {
    credentials.sessionToken = base::Secret(std::string(value));
  }
  // Others ("region = …") are for other programs.
}

}  // namespace

S3Credentials parseS3Credentials(std::string_view text, const std::filesystem::path& path) {
  S3Credentials credentials;
  std::size_t number = 0;
  bool inSection = false;
  for (std::string_view line : base::split(text, '\n')) {
    ++number;
    line = base::trim(line.substr(0, line.find('\r')));
    if (line.empty() || line.front() == '#' || line.front() == ';') {
      continue;
    }
    if (line.front() == '[') {
      if (inSection || !credentials.accessKey.empty()) {
        refuse(path, number, "there is a second section, and which one is meant cannot be told");
      }
      inSection = true;
      continue;
    }
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) {
      refuse(path, number, "has no \"=\"");
    }
    take(credentials, base::trim(line.substr(0, equals)), base::trim(line.substr(equals + 1)));
  }
  if (credentials.accessKey.empty()) {
    refuse(path, 0, "has no aws_access_key_id");
  }
  if (credentials.secretKey.empty()) {
    refuse(path, 0, "has no aws_secret_access_key");
  }
  return credentials;
}

std::shared_ptr<const S3Credentials> S3CredentialsFile::read() {
  try {
    const auto text = base::readFile(path_, kMaxFileBytes);
    if (!text) {
      refuse(path_, 0, "is not there");
    }
    return std::make_shared<const S3Credentials>(parseS3Credentials(*text, path_));
  } catch (const base::IoError& error) {
    throw StorageError(StorageFailure::Broken, "s3: the credentials file: " + std::string(error.what()));
  } catch (const std::length_error&) {
    refuse(path_, 0, "is larger than " + std::to_string(kMaxFileBytes) + " bytes");
  }
}

std::shared_ptr<const S3Credentials> S3CredentialsFile::current() {
  {
    auto state = state_.lock();
    if (state->credentials && clock_.steady() < state->lookAgain) {
      return state->credentials;
    }
  }
  std::shared_ptr<const S3Credentials> found;
  std::exception_ptr failure;
  try {
    found = read();
  } catch (const StorageError&) {
    failure = std::current_exception();
  }
  auto state = state_.lock();
  state->lookAgain = clock_.steady() + kLookEvery;
  if (found && (!state->credentials || !same(*found, *state->credentials))) {
    state->credentials = std::move(found);
  }
  if (!state->credentials) {
    std::rethrow_exception(failure);
  }
  return state->credentials;
}

bool S3CredentialsFile::replaced(const std::shared_ptr<const S3Credentials>& refused) {
  state_.lock()->lookAgain = {};
  return current() != refused;
}

}  // namespace rha::storage
