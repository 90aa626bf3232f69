#include "storage/swift_limits.h"

#include <nlohmann/json.hpp>

#include "storage/storage_error.h"

namespace rha::storage {
namespace {

using nlohmann::json;

constexpr std::uint64_t kMaxAnswerBytes = 1U << 20U;

void take(const json& swift, const char* key, std::uint64_t& limit) {
  const auto found = swift.find(key);
  if (found != swift.end() && found->is_number_unsigned() && found->get<std::uint64_t>() > 0) {
    limit = found->get<std::uint64_t>();
  }
}

// "http://host:port" of "http://host:port/v1/AUTH_x".
std::string_view serverOf(std::string_view url) {
  const auto scheme = url.find("://");
  return scheme == std::string_view::npos ? url : url.substr(0, url.find('/', scheme + 3));
}

}  // namespace

SwiftLimits parseLimits(std::string_view text) {
  SwiftLimits limits;
  const json info = json::parse(text, nullptr, /*allow_exceptions=*/false);
  const auto swift = info.is_object() ? info.find("swift") : info.end();
  if (!info.is_object() || swift == info.end() || !swift->is_object()) {
    return limits;
  }
  take(*swift, "max_file_size", limits.maxFileSize);
  take(*swift, "max_object_name_length", limits.maxNameBytes);
  take(*swift, "max_meta_value_length", limits.maxMetaValueBytes);
  take(*swift, "max_meta_overall_size", limits.maxMetaBytes);
  take(*swift, "container_listing_limit", limits.listingEntries);
  return limits;
}

SwiftLimits askLimits(fetch::Client& client, std::string_view endpoint, std::chrono::milliseconds patience) {
  try {
    const auto answer = client.fetch(
        {.url = std::string(serverOf(endpoint)) + "/info", .deadlines = {.total = patience}}, kMaxAnswerBytes);
    return answer.head.status == 200 ? parseLimits(answer.body) : SwiftLimits();
  } catch (const fetch::FetchError&) {
    return {};  // a proxy need not answer this
  }
}

void requireWithin(const SwiftLimits& limits, const SwiftSettings& settings) {
  if (limits.maxFileSize != 0 && settings.segmentBytes > limits.maxFileSize) {
    throw StorageError(StorageFailure::Broken,
                       "swift: storage.swift.segment_bytes is " + std::to_string(settings.segmentBytes) +
                           ", but this Swift takes objects of at most " + std::to_string(limits.maxFileSize) +
                           " bytes (max_file_size of its /info): set it to that or less");
  }
}

std::vector<std::string> lowLimits(const SwiftLimits& limits) {
  const SwiftLimits defaults;
  std::vector<std::string> low;
  const auto check = [&](const char* name, std::uint64_t limit, std::uint64_t wanted) {
    if (limit < wanted) {
      low.push_back(std::string(name) + ' ' + std::to_string(limit) + " of " + std::to_string(wanted));
    }
  };
  check("max_object_name_length", limits.maxNameBytes, defaults.maxNameBytes);
  check("max_meta_value_length", limits.maxMetaValueBytes, defaults.maxMetaValueBytes);
  check("max_meta_overall_size", limits.maxMetaBytes, defaults.maxMetaBytes);
  return low;
}

}  // namespace rha::storage
