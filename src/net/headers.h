// Headers: HTTP field lines in the order they came or are to be sent. Names compare without regard to case.
//
// A value; not synchronised.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rha::net {

class Headers final {
 public:
  using Field = std::pair<std::string, std::string>;

  // Value of the first field of that name; nullopt if there is none.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;
  // Values of all fields of that name, in order.
  [[nodiscard]] std::vector<std::string_view> all(std::string_view name) const;
  [[nodiscard]] bool has(std::string_view name) const { return find(name).has_value(); }
  // Adds a field, keeping others of that name. Precondition: no CR, LF or NUL in either (checked: throws
  // std::invalid_argument, so that a client cannot inject a field through a value that is echoed).
  void add(std::string name, std::string value);
  // Replaces all fields of that name by one.
  void set(std::string_view name, std::string value);
  void remove(std::string_view name);

  [[nodiscard]] const std::vector<Field>& fields() const { return fields_; }

 private:
  std::vector<Field> fields_;
};

}  // namespace rha::net
