#include "base/error.h"

#include <cerrno>

namespace rha::base {

void throwErrno(std::string_view what, std::string_view path) {
  const int value = errno;
  std::string text(what);
  if (!path.empty()) {
    text += ' ';
    text += path;
  }
  throw IoError(value, text);
}

}  // namespace rha::base
