#include "net/headers.h"

#include <algorithm>
#include <stdexcept>

#include "base/text.h"

namespace rha::net {
namespace {

bool hasLineBreakOrNul(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

bool sameName(std::string_view a, std::string_view b) { return a.size() == b.size() && base::equalIgnoringCase(a, b); }

}  // namespace

std::optional<std::string_view> Headers::find(std::string_view name) const {
  for (const Field& field : fields_) {
    if (sameName(field.first, name)) {
      return field.second;
    }
  }
  return std::nullopt;
}

std::vector<std::string_view> Headers::all(std::string_view name) const {
  std::vector<std::string_view> values;
  for (const Field& field : fields_) {
    if (sameName(field.first, name)) {
      values.emplace_back(field.second);
    }
  }
  return values;
}

void Headers::add(std::string name, std::string value) {
  if (hasLineBreakOrNul(name) || hasLineBreakOrNul(value)) {
    throw std::invalid_argument("Headers: line break or NUL in a field");
  }
  if (fields_.capacity() == 0) {
    fields_.reserve(8);  // one allocation for nearly every message
  }
  fields_.emplace_back(std::move(name), std::move(value));
}

void Headers::set(std::string_view name, std::string value) {
  if (hasLineBreakOrNul(name) || hasLineBreakOrNul(value)) {
    throw std::invalid_argument("Headers: line break or NUL in a field");
  }
  remove(name);
  fields_.emplace_back(std::string(name), std::move(value));
}

void Headers::remove(std::string_view name) {
  std::erase_if(fields_, [name](const Field& field) { return sameName(field.first, name); });
}

}  // namespace rha::net
