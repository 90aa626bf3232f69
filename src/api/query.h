// Query: the parameters after '?' of a request's target, percent-decoded. Unknown ones are nobody's concern (clients
// send ?ns= and ?cache=). '+' stays '+': no parameter of ours may hold a blank, but media types do hold '+'.
//
// A value; pure; thread-safe to read. Never fails: what cannot be decoded is kept as it was sent.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rha::api {

class Query final {
 public:
  static Query parse(std::string_view text);

  // The first parameter of that name; nullopt if there is none.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;
  // As find(), but "" if there is none.
  [[nodiscard]] std::string_view get(std::string_view name) const { return find(name).value_or(std::string_view()); }
  // All parameters of that name, in order.
  [[nodiscard]] std::vector<std::string_view> all(std::string_view name) const;

 private:
  std::vector<std::pair<std::string, std::string>> parameters_;
};

}  // namespace rha::api
