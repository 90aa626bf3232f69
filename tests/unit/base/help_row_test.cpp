#include "base/help_row.h"

#include <gtest/gtest.h>

namespace rha::base {
namespace {

TEST(HelpRow, PutsTheTextIntoItsColumn) { EXPECT_EQ(helpRow("--all", "do it all", 12), "  --all     do it all\n"); }

TEST(HelpRow, BreaksLongTextBetweenWordsBelowItsBeginning) {
  const std::string word(30, 'x');
  EXPECT_EQ(helpRow("--all", word + ' ' + word + ' ' + word + ' ' + word, 10),
            "  --all   " + word + ' ' + word + '\n' + std::string(10, ' ') + word + ' ' + word + '\n');
}

TEST(HelpRow, LeavesAWordThatIsTooLongWhole) {
  const std::string word(120, 'x');
  EXPECT_EQ(helpRow("-a", word, 8), "  -a    " + word + '\n');
}

TEST(HelpRow, PutsTheTextBelowALongHead) {
  EXPECT_EQ(helpRow("explain ACTION", "why", 12), "  explain ACTION\n            why\n");
}

TEST(HelpParagraph, IsBrokenToo) {
  const std::string word(60, 'x');
  EXPECT_EQ(helpParagraph(word + ' ' + word), word + '\n' + word + '\n');
}

}  // namespace
}  // namespace rha::base
