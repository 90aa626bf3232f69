// quote(): a client's text inside an error message for that client.
//
// Pure function; thread-safe; the result is printable ASCII, so it fits a JSON string, a header and a log line.
#pragma once

#include <string>
#include <string_view>

namespace rha::oci {

// `text` in double quotes; quotes, backslashes, control and non-ASCII characters escaped; cut after 200 bytes.
std::string quote(std::string_view text);

}  // namespace rha::oci
