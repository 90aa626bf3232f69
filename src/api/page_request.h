// PageRequest: ?n= and ?last= of a list, checked.
//
// Pure function; thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "api/query.h"
#include "base/result.h"
#include "oci/error_code.h"

namespace rha::api {

struct PageRequest {
  std::optional<std::uint64_t> n;  // as asked for; nullopt if it was not
  std::string last;                // exclusive; empty: from the start
};

// PAGINATION_NUMBER_INVALID if n is not a number, or above `maxEntries`.
base::Result<PageRequest, oci::Error> pageRequest(const Query& query,
                                                  std::optional<std::uint64_t> maxEntries = std::nullopt);

}  // namespace rha::api
