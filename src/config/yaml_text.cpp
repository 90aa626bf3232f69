#include "config/yaml_text.h"

#include <yaml-cpp/eventhandler.h>

#include <algorithm>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace rha::config {
namespace {

struct Refused {
  int line = 0;
  std::string text;
};

[[noreturn]] void refuse(const YAML::Mark& mark, std::string text) { throw Refused{mark.line + 1, std::move(text)}; }

// Counts the nodes of a text as if each alias were written out; throws Refused when there are too many.
class NodeCount final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) {
      refuse(mark, "the file must hold one YAML document, not several");
    }
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { addLeaf(mark, anchor); }
  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor, const std::string&) override {
    addLeaf(mark, anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto named = anchored_.find(anchor);
    if (named == anchored_.end()) {
      refuse(mark, "an alias stands within what it names");
    }
    add(mark, named->second);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Size {
    std::size_t nodes = 0;
    std::size_t depth = 0;
  };
  struct Open {
    YAML::anchor_t anchor = YAML::NullAnchor;
    Size size;
  };

  void checkSize(const YAML::Mark& mark, const Size& part) {
    total_ += part.nodes;
    if (total_ > kMostYamlNodes) {
      refuse(mark, "the file has more than " + std::to_string(kMostYamlNodes) +
                       " values, with its aliases written out; this cannot be meant");
    }
    if (open_.size() + part.depth > kDeepestYaml) {
      refuse(mark, "the file is nested deeper than " + std::to_string(kDeepestYaml) + " levels");
    }
  }

  // To the list or map that is open.
  void add(const YAML::Mark& mark, const Size& part) {
    checkSize(mark, part);
    if (!open_.empty()) {
      Size& size = open_.back().size;
      size.nodes += part.nodes;
      size.depth = std::max(size.depth, part.depth + 1);
    }
  }

  void addLeaf(const YAML::Mark& mark, YAML::anchor_t anchor) {
    const Size leaf{1, 1};
    name(anchor, leaf);
    add(mark, leaf);
  }

  void open(const YAML::Mark& mark, YAML::anchor_t anchor) {
    checkSize(mark, {1, 1});
    open_.push_back({anchor, {1, 1}});
  }

  // What is in it was counted as it came; the one around it learns of it now.
  void close() {
    const Open closed = open_.back();
    open_.pop_back();
    name(closed.anchor, closed.size);
    if (!open_.empty()) {
      Size& size = open_.back().size;
      size.nodes += closed.size.nodes;
      size.depth = std::max(size.depth, closed.size.depth + 1);
    }
  }

  void name(YAML::anchor_t anchor, const Size& size) {
    if (anchor != YAML::NullAnchor) {
      anchored_[anchor] = size;
    }
  }

  std::size_t documents_ = 0;
  std::size_t total_ = 0;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, Size> anchored_;  // complete ones
};

}  // namespace

base::Result<std::optional<YAML::Node>, SettingError> loadYaml(std::string_view text) {
  const std::string copy(text);
  try {
    std::istringstream stream(copy);
    YAML::Parser parser(stream);
    NodeCount count;
    while (parser.HandleNextDocument(count)) {
    }
    std::vector<YAML::Node> documents = YAML::LoadAll(copy);
    return documents.empty() ? std::nullopt : std::optional(documents.front());
  } catch (const Refused& refused) {
    return base::fail(SettingError{refused.line, refused.text});
  } catch (const YAML::Exception& error) {
    return base::fail(SettingError{error.mark.line + 1, "not valid YAML: " + error.msg});
  }
}

}  // namespace rha::config
