#include "api/ranges.h"

#include <algorithm>
#include <limits>
#include <string>

#include "base/text.h"
#include "oci/quote.h"

namespace rha::api {
namespace {

constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();

bool allDigits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// Digits to a number; one beyond 64 bits is as good as the largest: no blob is that long.
std::uint64_t saturated(std::string_view digits) { return base::parseUnsigned(digits).value_or(kMax); }

// One range-spec of a Range header; nullopt if it is invalid (RFC 9110, 14.1.1).
std::optional<Selection> selectOne(std::string_view spec, std::uint64_t size) {
  const auto dash = spec.find('-');
  if (dash == std::string_view::npos) {
    return std::nullopt;
  }
  const auto first = spec.substr(0, dash);
  const auto last = spec.substr(dash + 1);
  if (first.empty()) {
    if (!allDigits(last)) {
      return std::nullopt;
    }
    const std::uint64_t length = std::min(saturated(last), size);
    return length == 0 ? Selection{Selection::Kind::Unsatisfiable, 0, 0}
                       : Selection{Selection::Kind::Part, size - length, length};
  }
  if (!allDigits(first) || !(last.empty() || allDigits(last))) {
    return std::nullopt;
  }
  const std::uint64_t from = saturated(first);
  const std::uint64_t to = last.empty() ? kMax : saturated(last);
  if (to < from) {
    return std::nullopt;
  }
  if (from >= size) {
    return Selection{Selection::Kind::Unsatisfiable, 0, 0};
  }
  return Selection{Selection::Kind::Part, from, std::min(to, size - 1) - from + 1};
}

oci::Error malformed(std::string_view value) {
  return {oci::ErrorCode::BlobUploadInvalid,
          "Content-Range " + oci::quote(value) + " is not of the form <first>-<last>, such as 0-1023",
          {},
          400};
}

// Strips what HTTP would have around the OCI form: "bytes 0-99/*" -> "0-99".
std::string_view withoutUnit(std::string_view value) {
  value = base::trim(value);
  constexpr std::string_view kUnit = "bytes ";
  if (value.size() > kUnit.size() && base::equalIgnoringCase(value.substr(0, kUnit.size()), kUnit)) {
    value = base::trim(value.substr(kUnit.size()));
    const auto slash = value.find('/');
    const auto total = slash == std::string_view::npos ? std::string_view("*") : value.substr(slash + 1);
    if (total == "*" || allDigits(total)) {
      value = value.substr(0, slash);
    }
  }
  return value;
}

}  // namespace

Selection selectRange(std::string_view range, std::uint64_t size) {
  const auto equals = range.find('=');
  if (equals == std::string_view::npos || !base::equalIgnoringCase(base::trim(range.substr(0, equals)), "bytes")) {
    return {};
  }
  constexpr Selection kUnsatisfiable{Selection::Kind::Unsatisfiable, 0, 0};
  Selection chosen = kUnsatisfiable;
  for (auto spec : base::split(range.substr(equals + 1), ',')) {
    spec = base::trim(spec);
    if (spec.empty()) {
      continue;
    }
    const auto one = selectOne(spec, size);
    if (!one) {
      return kUnsatisfiable;
    }
    if (one->kind == Selection::Kind::Part && chosen.kind == Selection::Kind::Part) {
      return {};
    }
    chosen = one->kind == Selection::Kind::Part ? *one : chosen;
  }
  return chosen;
}

base::Result<std::optional<ChunkRange>, oci::Error> chunkRange(const net::Headers& headers,
                                                               std::optional<std::uint64_t> contentLength) {
  const auto values = headers.all("Content-Range");
  if (values.empty()) {
    return std::optional<ChunkRange>();
  }
  const auto text = withoutUnit(values.front());
  const auto dash = text.find('-');
  if (values.size() > 1 || dash == std::string_view::npos) {
    return base::fail(malformed(values.front()));
  }
  const auto first = base::parseUnsigned(text.substr(0, dash));
  const auto last = base::parseUnsigned(text.substr(dash + 1));
  if (!first || !last || *last == kMax) {
    return base::fail(malformed(values.front()));
  }
  if (*last < *first) {
    return base::fail(oci::Error{
        oci::ErrorCode::RangeInvalid, "Content-Range " + oci::quote(values.front()) + " ends before it begins", {}, 0});
  }
  const ChunkRange range{*first, *last};
  if (contentLength && *contentLength != range.length()) {
    return base::fail(oci::Error{oci::ErrorCode::SizeInvalid,
                                 "Content-Range " + oci::quote(values.front()) + " is " +
                                     std::to_string(range.length()) + " bytes, but Content-Length says " +
                                     std::to_string(*contentLength),
                                 {},
                                 0});
  }
  return std::optional<ChunkRange>(range);
}

}  // namespace rha::api
