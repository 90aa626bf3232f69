// Lines of a program's --help, for a terminal of 100 columns. Pure functions; thread-safe.
#pragma once

#include <string>
#include <string_view>

namespace rha::base {

// "  HEAD   text", the text beginning in column `column` and broken between words; on lines of its own below a head
// that reaches into it. Ends with a newline.
std::string helpRow(std::string_view head, std::string_view text, std::size_t column);

// Text alone, broken between words. Ends with a newline.
std::string helpParagraph(std::string_view text);

}  // namespace rha::base
