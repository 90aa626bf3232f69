#include "storage/swift_tail.h"

#include <cstdio>
#include <utility>

#include "base/text.h"

namespace rha::storage {
namespace {

constexpr std::uint64_t kMaxNumber = 1'000'000'000;

std::string pieceName(std::string_view stem, std::uint64_t number, std::string_view session) {
  char digits[24];
  std::snprintf(digits, sizeof digits, "-%016llu-", static_cast<unsigned long long>(number));
  return std::string(stem).append(digits).append(session);
}

}  // namespace

SwiftTail::SwiftTail(SwiftService& service, std::string endpoint, std::string stem, std::string session)
    : service_(service), endpoint_(std::move(endpoint)), stem_(std::move(stem)), session_(std::move(session)) {}

void SwiftTail::add(Spool& spool) {
  const std::string name = pieceName(stem_, numbered_ + 1, session_);
  const auto response = SwiftCall(service_, {.operation = "piece_put",
                                             .method = "PUT",
                                             .object = name,
                                             .headers = {{"Etag", spool.md5Hex()}},
                                             .body = &spool,
                                             .endpoint = endpoint_})
                            .finish();
  if (!succeeded(response.head)) {
    throw StorageError(StorageFailure::Broken,
                       "swift: " + name + " was not stored (" + std::to_string(response.head.status) + ")");
  }
  list_.add(spool.size(), session_);
  ++numbered_;
  spool.clear();
}

std::vector<SwiftPart> SwiftTail::parts() const {
  std::vector<SwiftPart> parts;
  const std::uint64_t before = numbered_ - list_.count();
  for (const auto& piece : list_.segments()) {
    parts.push_back({pieceName(stem_, before + piece.number, piece.session), piece.size});
  }
  return parts;
}

std::vector<SwiftPart> SwiftTail::take() {
  auto all = parts();
  list_ = {};
  return all;
}

std::string SwiftTail::text() const { return std::to_string(numbered_) + (list_.empty() ? "" : '/' + list_.text()); }

bool SwiftTail::restore(std::string_view text) {
  const auto slash = text.find('/');
  const auto number = base::parseUnsigned(text.substr(0, slash));
  auto list = SegmentList::parse(slash == std::string_view::npos ? "" : text.substr(slash + 1));
  if (!number || *number == 0 || *number > kMaxNumber || !list || list->count() > *number) {
    return false;
  }
  numbered_ = *number;
  list_ = std::move(*list);
  return true;
}

}  // namespace rha::storage
