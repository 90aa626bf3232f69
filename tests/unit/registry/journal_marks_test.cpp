#include "registry/journal_marks.h"

#include <gtest/gtest.h>

namespace rha::registry {
namespace {

using Marks = std::map<std::string, std::uint64_t>;

TEST(JournalMarksTest, a_sequence_is_settled_up_to_the_first_record_whose_change_may_be_under_way) {
  const base::WallTime now{std::chrono::hours(1000)};
  JournalMarks marks;
  marks.saw({"a", 1}, now - std::chrono::hours(2));
  marks.saw({"a", 2}, now - std::chrono::hours(1));
  marks.saw({"a", 3}, now - std::chrono::minutes(9));
  marks.saw({"a", 4}, now - std::chrono::hours(1));  // by a clock that was set back
  marks.saw({"a", 5}, now);
  marks.saw({"old", 7}, now - std::chrono::hours(5));
  marks.saw({"fresh", 1}, now - std::chrono::minutes(1));
  EXPECT_EQ(marks.settled(), (Marks{{"a", 2}, {"old", 7}}));
}

TEST(JournalMarksTest, nothing_seen_is_nothing_settled) { EXPECT_EQ(JournalMarks().settled(), Marks()); }

}  // namespace
}  // namespace rha::registry
