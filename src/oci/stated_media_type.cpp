#include "oci/stated_media_type.h"

#include <nlohmann/json.hpp>

#include "oci/manifest.h"

namespace rha::oci {
namespace {

using Json = nlohmann::json;

// Stops at the first value of the document's own "mediaType".
class TypeFinder final : public nlohmann::json_sax<Json> {
 public:
  std::optional<std::string> type;

  bool key(string_t& name) override {
    isType_ = depth_ == 1 && name == "mediaType";
    return true;
  }
  bool string(string_t& value) override {
    if (isType_) {
      type = value;
    }
    return !isType_;
  }
  bool start_object(std::size_t) override { return open(); }
  bool start_array(std::size_t) override { return open(); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool null() override { return !isType_; }
  bool boolean(bool) override { return !isType_; }
  bool number_integer(number_integer_t) override { return !isType_; }
  bool number_unsigned(number_unsigned_t) override { return !isType_; }
  bool number_float(number_float_t, const string_t&) override { return !isType_; }
  bool binary(binary_t&) override { return !isType_; }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override { return false; }

 private:
  bool open() {
    ++depth_;
    return !isType_;
  }
  bool close() {
    --depth_;
    return true;
  }

  int depth_ = 0;
  bool isType_ = false;
};

}  // namespace

std::optional<std::string> statedMediaType(std::string_view bytes) {
  TypeFinder finder;
  Json::sax_parse(bytes, &finder);
  for (const auto known :
       {media_type::kOciManifest, media_type::kOciIndex, media_type::kDockerManifest, media_type::kDockerList}) {
    if (finder.type == known) {
      return std::move(finder.type);
    }
  }
  return std::nullopt;
}

}  // namespace rha::oci
