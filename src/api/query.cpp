#include "api/query.h"

#include "base/text.h"

namespace rha::api {
namespace {

std::string decode(std::string_view text) {
  auto decoded = base::percentDecode(text);
  return decoded ? std::move(*decoded) : std::string(text);
}

}  // namespace

Query Query::parse(std::string_view text) {
  Query query;
  for (const auto part : base::split(text, '&')) {
    if (part.empty()) {
      continue;
    }
    const auto equals = part.find('=');
    const auto name = part.substr(0, equals);
    const auto value = equals == std::string_view::npos ? std::string_view() : part.substr(equals + 1);
    query.parameters_.emplace_back(decode(name), decode(value));
  }
  return query;
}

std::optional<std::string_view> Query::find(std::string_view name) const {
  for (const auto& [key, value] : parameters_) {
    if (key == name) {
      return value;
    }
  }
  return std::nullopt;
}

std::vector<std::string_view> Query::all(std::string_view name) const {
  std::vector<std::string_view> values;
  for (const auto& [key, value] : parameters_) {
    if (key == name) {
      values.emplace_back(value);
    }
  }
  return values;
}

}  // namespace rha::api
