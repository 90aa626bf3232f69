#include "base/log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <concepts>
#include <string>
#include <thread>
#include <vector>

#include "base/fd.h"
#include "base/secret.h"

namespace rha::base {
namespace {

static_assert(!std::constructible_from<LogField, std::string_view, Secret>, "a secret must not reach a log");

// A logger that writes into a pipe, and what came out of it.
class LogTest : public testing::Test {
 protected:
  void SetUp() override {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    reader_ = Fd(ends[0]);
    writer_ = Fd(ends[1]);
    ::fcntl(writer_.get(), F_SETPIPE_SZ, 1 << 20);
  }
  Logger logger(LogLevel level = LogLevel::Info, bool prefix = false) {
    return Logger(Logger::Options{.descriptor = writer_.get(), .level = level, .systemdPrefix = prefix});
  }
  std::string output() {
    std::string text(1 << 20, '\0');
    const ssize_t count = ::read(reader_.get(), text.data(), text.size());
    text.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    return text;
  }

  Fd reader_;
  Fd writer_;
};

TEST_F(LogTest, WritesAnEventAsOneLine) {
  logger().info("start", {{"version", "0.1.0"}, {"listen", "127.0.0.1:5000"}, {"workers", 16}, {"tls", false}});
  EXPECT_EQ(output(), "level=info event=start version=0.1.0 listen=127.0.0.1:5000 workers=16 tls=false\n");
}

TEST_F(LogTest, QuotesWhatIsNotPlain) {
  logger().warn("x", {{"path", "/v2/"}, {"empty", ""}, {"text", "a b=c"}, {"tab", "\t"}});
  EXPECT_EQ(output(), "level=warn event=x path=\"/v2/\" empty=\"\" text=\"a b=c\" tab=\"\\t\"\n");
}

TEST_F(LogTest, LetsNoValueForgeALineOrAField) {
  logger().error("x", {{"agent", "evil\" status=200\r\nlevel=info event=start\\"}, {"end", 1}});
  EXPECT_EQ(output(), "level=error event=x agent=\"evil\\\" status=200\\r\\nlevel=info event=start\\\\\" end=1\n");
}

TEST_F(LogTest, EscapesEveryOtherByteThatIsNotPrintableAscii) {
  for (int byte = 0; byte < 256; ++byte) {
    logger().info("x", {{"v", std::string(1, static_cast<char>(byte))}});
    const std::string line = output();
    ASSERT_EQ(line.find('\n'), line.size() - 1) << byte;
    for (const char c : line.substr(0, line.size() - 1)) {
      ASSERT_TRUE(c >= 0x20 && c < 0x7f) << byte;
    }
  }
  logger().info("x", {{"v", "\x1b[31m\xff"}});
  EXPECT_EQ(output(), "level=info event=x v=\"\\x1b[31m\\xff\"\n");
}

TEST_F(LogTest, CutsValuesAndLinesShorterThanJournaldDoes) {
  logger().info("x", {{"v", std::string(100000, 'a')}, {"next", 1}});
  const std::string line = output();
  EXPECT_NE(line.find("aaa...\" next=1\n"), std::string::npos);
  EXPECT_LT(line.size(), 4200U);
  logger().writeLine(LogLevel::Info, std::string(100000, 'b'));
  const std::string longLine = output();
  EXPECT_LT(longLine.size(), 48U * 1024);
  EXPECT_TRUE(longLine.ends_with("b...\n"));
}

TEST_F(LogTest, KeepsQuietBelowItsLevel) {
  logger(LogLevel::Warn).info("x", {});
  logger(LogLevel::Warn).writeLine(LogLevel::Debug, "event=x");
  EXPECT_EQ(output(), "");
  logger(LogLevel::Debug).debug("x", {});
  EXPECT_EQ(output(), "level=debug event=x\n");
}

TEST_F(LogTest, BeginsLinesWithThePriorityForSystemd) {
  const Logger log = logger(LogLevel::Debug, true);
  log.error("a", {});
  log.warn("b", {});
  log.info("c", {});
  log.debug("d", {});
  EXPECT_EQ(output(), "<3>level=error event=a\n<4>level=warn event=b\n<6>level=info event=c\n<7>level=debug event=d\n");
}

TEST_F(LogTest, WritesALineThatSomebodyElseFormatted) {
  std::string line;
  appendLogField(line, "event", "request");
  appendLogField(line, "path", "/a b");
  logger().writeLine(LogLevel::Info, line);
  EXPECT_EQ(output(), "level=info event=request path=\"/a b\"\n");
}

TEST_F(LogTest, NeverMixesLinesOfSeveralThreads) {
  const Logger log = logger();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&log] {
      for (int n = 0; n < 200; ++n) {
        log.info("x", {{"v", std::string(200, 'v')}});
      }
    });
  }
  for (auto& thread : threads) {
    thread.join();
  }
  const std::string expected = "level=info event=x v=" + std::string(200, 'v') + "\n";
  const std::string text = output();
  ASSERT_EQ(text.size(), 800 * expected.size());
  for (std::size_t i = 0; i < text.size(); i += expected.size()) {
    ASSERT_EQ(text.substr(i, expected.size()), expected);
  }
}

TEST(Log, DropsALineThatCannotBeWritten) {
  const Logger log(Logger::Options{.descriptor = -1, .level = LogLevel::Info, .systemdPrefix = false});
  log.info("x", {});
  SUCCEED();
}

}  // namespace
}  // namespace rha::base
