#include "base/help_row.h"

#include "base/text.h"

namespace rha::base {
namespace {

constexpr std::size_t kWidth = 100;

// Appends the words of `text` to `line`, which may hold a head already; further lines begin in `column`.
std::string broken(std::string line, std::string_view text, std::size_t column) {
  std::string done;
  bool first = true;
  for (const std::string_view word : split(text, ' ')) {
    if (!first && line.size() + 1 + word.size() > kWidth) {
      done += line + '\n';
      line.assign(column, ' ');
      first = true;
    }
    line += (first ? "" : " ") + std::string(word);
    first = false;
  }
  return done + line + '\n';
}

}  // namespace

std::string helpRow(std::string_view head, std::string_view text, std::size_t column) {
  std::string line = "  " + std::string(head);
  std::string above;
  if (line.size() + 2 > column) {
    above = line + '\n';
    line.clear();
  }
  line.resize(column, ' ');
  return above + broken(std::move(line), text, column);
}

std::string helpParagraph(std::string_view text) { return broken("", text, 0); }

}  // namespace rha::base
