// S3Credentials: access key and secret, read from a file in the form that Amazon's own tools use:
//
//   [default]
//   aws_access_key_id = AKIA…
//   aws_secret_access_key = …
//   aws_session_token = …          (only with temporary credentials)
//
// One section at most, whatever its name; the section may be left out. "#" and ";" begin a comment line. "=" may lack
// blanks. S3CredentialsFile reads it again when it has changed, so that keys are exchanged without a restart; a file
// that cannot be used then leaves the credentials in force that were.
//
// Thread-safe. Failure: StorageError(Broken) with file and line, never with what stands there.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/lock_guarded.h"
#include "base/secret.h"

namespace rha::storage {

struct S3Credentials {
  std::string accessKey;
  base::Secret secretKey;
  base::Secret sessionToken;  // empty: none
};

// `path` is for the text of the error.
S3Credentials parseS3Credentials(std::string_view text, const std::filesystem::path& path);

class S3CredentialsFile final {
 public:
  // `clock` is borrowed.
  S3CredentialsFile(std::filesystem::path path, const base::Clock& clock) : path_(std::move(path)), clock_(clock) {}

  // Those in force; the file is looked at every few seconds. Shared with the requests that use them. Throws if there
  // never were any.
  std::shared_ptr<const S3Credentials> current();
  // The storage refused these. True: there are others now, with which to try again.
  bool replaced(const std::shared_ptr<const S3Credentials>& refused);

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  struct State {
    std::shared_ptr<const S3Credentials> credentials;
    base::SteadyTime lookAgain;
  };
  std::shared_ptr<const S3Credentials> read();

  std::filesystem::path path_;
  const base::Clock& clock_;
  base::LockGuarded<State> state_;
};

}  // namespace rha::storage
