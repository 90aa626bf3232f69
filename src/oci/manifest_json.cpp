#include "oci/manifest_json.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <vector>

#include "base/text.h"
#include "oci/quote.h"

namespace rha::oci {
namespace {

using Json = nlohmann::json;

// What a place in the document is; decides which keys or elements below it are kept.
enum class Shape : unsigned char { Dropped, Scalar, Document, Descriptor, Descriptors, Platform, Urls, Annotations };

struct Field {
  std::string_view key;
  Shape shape;
};

constexpr std::array kDocumentFields = {
    Field{"mediaType", Shape::Scalar},     Field{"artifactType", Shape::Scalar},
    Field{"subject", Shape::Descriptor},   Field{"annotations", Shape::Annotations},
    Field{"schemaVersion", Shape::Scalar}, Field{"config", Shape::Descriptor},
    Field{"layers", Shape::Descriptors},   Field{"manifests", Shape::Descriptors},
};
constexpr std::size_t kSharedFields = 4;  // the first of them
constexpr std::array kDescriptorFields = {
    Field{"mediaType", Shape::Scalar}, Field{"digest", Shape::Scalar}, Field{"size", Shape::Scalar},
    Field{"data", Shape::Scalar},      Field{"urls", Shape::Urls},     Field{"platform", Shape::Platform},
};
constexpr std::array kPlatformFields = {
    Field{"os", Shape::Scalar},
    Field{"architecture", Shape::Scalar},
    Field{"variant", Shape::Scalar},
};

bool isListShape(Shape shape) { return shape == Shape::Descriptors || shape == Shape::Urls; }

// Go compares keys with Unicode case folding, where two characters fold to ASCII letters: U+017F to s, U+212A to k.
std::string folded(std::string_view key) {
  std::string out;
  for (std::size_t i = 0; i < key.size(); ++i) {
    if (key.substr(i, 2) == "\xc5\xbf") {
      out += 's';
      i += 1;
    } else if (key.substr(i, 3) == "\xe2\x84\xaa") {
      out += 'k';
      i += 2;
    } else {
      out += key[i];
    }
  }
  return out;
}

bool isLookalike(std::string_view key, std::string_view field) {
  constexpr std::size_t kLongestFolding = 3;  // bytes for one letter
  return key != field && key.size() <= field.size() * kLongestFolding && base::equalIgnoringCase(folded(key), field);
}

std::string lineAndColumn(std::string_view bytes, std::size_t offset) {
  const std::string_view before = bytes.substr(0, offset);
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const std::size_t lineStart = before.rfind('\n') + 1;  // npos + 1 is 0
  return "line " + std::to_string(line) + ", column " + std::to_string(before.size() - lineStart + 1);
}

// The library's reason without its position and without the client's text that it repeats unescaped.
std::string reason(std::string_view what) {
  const std::size_t start = what.find(": ");
  if (start != std::string_view::npos) {
    what.remove_prefix(start + 2);
  }
  what = what.substr(0, what.find("; last read"));
  std::string out(what.substr(0, 200));
  std::replace_if(
      out.begin(), out.end(), [](char c) { return c < 0x20 || c > 0x7e; }, '?');
  return out;
}

// Takes the parser's events. One frame per open object or array; frames of dropped values have no node.
class FieldPicker final : public nlohmann::json_sax<Json> {
 public:
  FieldPicker(std::string_view bytes, ManifestFields which) : bytes_(bytes), which_(which) {}

  bool null() override { return scalar(Json()); }
  bool boolean(bool value) override { return scalar(Json(value)); }
  bool number_integer(std::int64_t value) override { return scalar(Json(value)); }
  bool number_unsigned(std::uint64_t value) override { return scalar(Json(value)); }
  bool number_float(double value, const std::string&) override { return scalar(Json(value)); }
  bool string(std::string& value) override {
    if (!frames_.empty() && frames_.back().shape == Shape::Annotations && frames_.back().node != nullptr) {
      annotationBytes_ += value.size();
    }
    return annotationsFit() && (nextIsDropped() ? scalar(Json("")) : scalar(Json(std::move(value))));
  }
  bool binary(Json::binary_t&) override { return scalar(Json()); }  // never sent for JSON text

  bool start_object(std::size_t) override { return open(Json::object()); }
  bool start_array(std::size_t) override { return open(Json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(std::string& name) override;
  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception& problem) override;

  ManifestJson result;
  std::string error;

 private:
  struct Frame {
    Shape shape;
    Json* node;  // in result.fields; null: nothing below is kept
    std::string_view childName;
    Shape childShape = Shape::Dropped;
  };

  bool fail(std::string text) {
    error = std::move(text);
    return false;
  }
  [[nodiscard]] std::optional<Field> fieldFor(Shape shape, std::string_view name);
  [[nodiscard]] bool nextIsDropped() const {
    return !frames_.empty() && (frames_.back().node == nullptr ||
                                (!frames_.back().node->is_array() && frames_.back().childShape == Shape::Dropped));
  }
  [[nodiscard]] std::string path() const;
  bool annotationsFit();
  // Puts `value` where it belongs and says where that is and what it is to be; null if it is dropped.
  std::pair<Json*, Shape> place(Json value);
  bool scalar(Json value);
  bool open(Json container);
  bool close() {
    frames_.pop_back();
    return true;
  }

  std::string_view bytes_;
  ManifestFields which_;
  std::vector<Frame> frames_;
  std::size_t annotationBytes_ = 0;
  std::string annotationKey_;  // what childName of an Annotations frame views
};

std::optional<Field> FieldPicker::fieldFor(Shape shape, std::string_view name) {
  const auto search = [&](std::span<const Field> fields) -> std::optional<Field> {
    for (const Field& field : fields) {
      if (name == field.key) {
        return field;
      }
      if (result.lookalikeKey.empty() && isLookalike(name, field.key)) {
        result.lookalikeKey = name;
      }
    }
    return std::nullopt;
  };
  switch (shape) {
    case Shape::Document:
      return search(std::span<const Field>(kDocumentFields)
                        .first(which_ == ManifestFields::All ? kDocumentFields.size() : kSharedFields));
    case Shape::Descriptor:
      return search(kDescriptorFields);
    case Shape::Platform:
      return search(kPlatformFields);
    case Shape::Annotations:
      annotationKey_ = name;
      return Field{annotationKey_, Shape::Scalar};
    case Shape::Dropped:
    case Shape::Scalar:
    case Shape::Descriptors:
    case Shape::Urls:
      break;
  }
  return std::nullopt;
}

// "layers[2].digest"; only of kept places.
std::string FieldPicker::path() const {
  std::string out;
  for (const Frame& frame : frames_) {
    if (isListShape(frame.shape)) {
      const bool inElement = &frame != &frames_.back();  // else before the element is stored
      out += '[' + std::to_string(frame.node->size() - (inElement ? 1 : 0)) + ']';
    } else if (frame.shape == Shape::Annotations) {
      out += '[' + quote(frame.childName) + ']';
    } else {
      out += out.empty() ? "" : ".";
      out += frame.childName;
    }
  }
  return out;
}

bool FieldPicker::key(std::string& name) {
  Frame& frame = frames_.back();
  if (frame.node == nullptr) {
    return true;
  }
  const auto field = fieldFor(frame.shape, name);
  frame.childName = field ? field->key : std::string_view();
  frame.childShape = field ? field->shape : Shape::Dropped;
  if (field && frame.node->contains(std::string(field->key))) {
    return fail(path() + ": duplicate key");
  }
  if (frame.shape == Shape::Annotations) {
    annotationBytes_ += name.size();
    if (frame.node->size() >= kMaxAnnotations) {
      return fail("annotations: more than " + std::to_string(kMaxAnnotations));
    }
  }
  return annotationsFit();
}

bool FieldPicker::annotationsFit() {
  return annotationBytes_ <= kMaxAnnotationBytes ||
         fail("annotations: more than " + std::to_string(kMaxAnnotationBytes) + " bytes");
}

std::pair<Json*, Shape> FieldPicker::place(Json value) {
  if (frames_.empty()) {
    result.fields = std::move(value);
    return {&result.fields, Shape::Document};
  }
  Frame& frame = frames_.back();
  if (nextIsDropped()) {
    return {nullptr, Shape::Dropped};
  }
  if (frame.shape == Shape::Urls) {
    if (frame.node->empty()) {  // one is enough to know that there are any
      frame.node->push_back(std::move(value));
    }
    return {nullptr, Shape::Dropped};
  }
  if (frame.shape == Shape::Descriptors) {
    frame.node->push_back(std::move(value));
    return {&frame.node->back(), Shape::Descriptor};
  }
  Json& slot = (*frame.node)[std::string(frame.childName)];
  slot = std::move(value);
  return {&slot, frame.childShape};
}

bool FieldPicker::scalar(Json value) {
  if (!frames_.empty() && frames_.back().shape == Shape::Descriptors && frames_.back().node != nullptr) {
    return fail(path() + ": must be an object");
  }
  place(std::move(value));
  return true;
}

bool FieldPicker::open(Json container) {
  if (frames_.size() >= kMaxManifestDepth) {
    return fail("nested deeper than " + std::to_string(kMaxManifestDepth) + " levels");
  }
  if (!frames_.empty() && frames_.back().shape == Shape::Descriptors && frames_.back().node != nullptr &&
      frames_.back().node->size() >= kMaxDescriptors) {
    return fail(path() + ": more than " + std::to_string(kMaxDescriptors) + " descriptors");
  }
  const bool isArray = container.is_array();
  const auto [node, shape] = place(std::move(container));
  // A container of the wrong kind is kept, empty, for the later check of types to find.
  const bool fits = node != nullptr && shape != Shape::Scalar && isListShape(shape) == isArray;
  frames_.push_back({fits ? shape : Shape::Dropped, fits ? node : nullptr, {}});
  return true;
}

bool FieldPicker::parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception& problem) {
  constexpr int kNumberOverflow = 406;
  const std::size_t offset = position > 0 ? position - 1 : 0;
  return fail(lineAndColumn(bytes_, offset) + ": " +
              (problem.id == kNumberOverflow ? "number out of range" : reason(problem.what())));
}

}  // namespace

base::Result<ManifestJson, std::string> readManifestJson(std::string_view bytes, ManifestFields which) {
  if (bytes.empty()) {
    return base::fail(std::string("line 1, column 1: the document is empty; it must be the manifest"));
  }
  // The library takes a NUL byte for the end of the document and skips a byte order mark; other parsers do not.
  const std::size_t nul = bytes.find('\0');
  if (nul != std::string_view::npos) {
    return base::fail(lineAndColumn(bytes, nul) + ": NUL byte");
  }
  if (bytes.starts_with("\xef\xbb\xbf")) {
    return base::fail(std::string("line 1, column 1: byte order mark; JSON has none"));
  }
  FieldPicker picker(bytes, which);
  if (!Json::sax_parse(bytes, &picker)) {
    return base::fail(picker.error);
  }
  if (!picker.result.fields.is_object()) {
    return base::fail(std::string("the manifest must be a JSON object"));
  }
  return std::move(picker.result);
}

}  // namespace rha::oci
