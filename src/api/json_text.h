// jsonString(): text as a JSON string, quotes included, for answers that are composed by hand because they are large.
//
// Pure function; thread-safe. Bytes that are not UTF-8 become U+FFFD: the result is always valid JSON.
#pragma once

#include <string>
#include <string_view>

namespace rha::api {

std::string jsonString(std::string_view text);

}  // namespace rha::api
