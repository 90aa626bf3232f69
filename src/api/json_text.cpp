#include "api/json_text.h"

#include <nlohmann/json.hpp>

namespace rha::api {

std::string jsonString(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace rha::api
