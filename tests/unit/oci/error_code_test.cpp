#include "oci/error_code.h"

#include <gtest/gtest.h>

#include <set>

namespace rha::oci {
namespace {

TEST(ErrorCodes, HaveOneCompleteRowEach) {
  std::set<std::string_view> names;
  for (const auto& row : allErrorCodes()) {
    EXPECT_EQ(&info(row.code), &row);
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_EQ(row.name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ_"), std::string_view::npos) << row.name;
    EXPECT_GE(row.httpStatus, 400);
    EXPECT_LE(row.httpStatus, 503);
    EXPECT_FALSE(row.message.empty());
    EXPECT_FALSE(row.description.empty());
  }
  EXPECT_EQ(names.size(), 21U);
}

TEST(ErrorCodes, AnswerWithTheStatusClientsKnow) {
  EXPECT_EQ(info(ErrorCode::BlobUnknown).httpStatus, 404);
  EXPECT_EQ(info(ErrorCode::Unauthorized).httpStatus, 401);
  EXPECT_EQ(info(ErrorCode::RangeInvalid).httpStatus, 416);
  EXPECT_EQ(info(ErrorCode::TooManyRequests).name, "TOOMANYREQUESTS");
  EXPECT_EQ(info(ErrorCode::Unsupported).httpStatus, 405);
  EXPECT_EQ(info(ErrorCode::Unknown).httpStatus, 500);
}

}  // namespace
}  // namespace rha::oci
