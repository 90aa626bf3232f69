#include "apps/registryd/exchange_log.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "index/index.h"
#include "storage/storage_error.h"

namespace rha::registryd {
namespace {

using namespace std::chrono_literals;

class SteppedClock final : public base::Clock {
 public:
  [[nodiscard]] base::WallTime now() const override { return {}; }
  [[nodiscard]] base::SteadyTime steady() const override { return time; }
  base::SteadyTime time{std::chrono::hours(1)};
};

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

class ExchangeLogTest : public testing::Test {
 protected:
  ExchangeLogTest() {
    request_.id = "9f";
    request_.method = "PUT";
    request_.path = "/v2/a/manifests/1";
    request_.headers.add("User-Agent", "docker/20.10 go");
    request_.startedAt = clock_.time;
    result_ = {.status = 201, .bytesIn = 524, .bytesOut = 2, .endedAt = clock_.time + 3140us, .brokenOff = ""};
  }

  // The lines written so far.
  std::vector<std::string> lines() const {
    std::string text;
    std::rewind(file_.get());
    for (int c = std::fgetc(file_.get()); c != EOF; c = std::fgetc(file_.get())) {
      text += static_cast<char>(c);
    }
    std::vector<std::string> result;
    for (std::size_t begin = 0; begin < text.size(); begin = text.find('\n', begin) + 1) {
      result.push_back(text.substr(begin, text.find('\n', begin) - begin));
    }
    return result;
  }

  bool metricsHave(const std::string& line) { return metrics_.render().find(line + '\n') != std::string::npos; }

  template <typename E>
  net::Response answerTo(const E& error) {
    return log_.onException(request_, std::make_exception_ptr(error));
  }

  const std::unique_ptr<std::FILE, CloseFile> file_{std::tmpfile()};
  const base::Logger logger_{{.descriptor = fileno(file_.get())}};
  SteppedClock clock_;
  base::MetricsRegistry metrics_;
  ExchangeLog log_{AccessLog::Every, clock_, logger_, metrics_};
  net::Request request_;
  net::ExchangeResult result_;
};

std::string bodyOf(const net::Response& response) { return std::get<std::string>(response.body); }

TEST_F(ExchangeLogTest, a_request_has_one_line_with_what_it_was_and_how_it_ended) {
  request_.log.emplace_back("repository", "a");
  log_.onStart(request_);
  log_.onEnd(request_, result_);
  ASSERT_EQ(lines().size(), 1U);
  EXPECT_EQ(lines()[0],
            "level=info event=request id=9f client=\"\" method=PUT path=\"/v2/a/manifests/1\" status=201 bytes_in=524 "
            "bytes_out=2 ms=3.1 agent=\"docker/20.10 go\" repository=a");
}

TEST_F(ExchangeLogTest, requests_to_an_object_store_are_told_of_each_operation) {
  log_.onStart(request_);
  log_.onEnd(request_, result_);
  EXPECT_EQ(metrics_.render().find("registry_ha_operation_storage_requests"), std::string::npos) << "of a folder";
  result_.backendRequests = 3;
  EXPECT_NE(requestLine(request_, result_).find(" ms=3.1 storage_requests=3 agent="), std::string::npos);
  log_.onStart(request_);
  log_.onEnd(request_, result_);
  result_.backendRequests = 0;  // from memory
  log_.onStart(request_);
  log_.onEnd(request_, result_);
  EXPECT_TRUE(
      metricsHave(R"(registry_ha_operation_storage_requests_bucket{handler="manifest",method="put",le="0"} 1)"));
  EXPECT_TRUE(metricsHave(R"(registry_ha_operation_storage_requests_sum{handler="manifest",method="put"} 3)"));
  EXPECT_TRUE(metricsHave(R"(registry_ha_operation_storage_requests_count{handler="manifest",method="put"} 2)"));
}

TEST_F(ExchangeLogTest, a_request_that_broke_off_says_why) {
  result_.status = 0;
  result_.brokenOff = "client gone";
  EXPECT_TRUE(requestLine(request_, result_).ends_with(" broken_off=\"client gone\""));
}

TEST_F(ExchangeLogTest, a_client_can_neither_forge_a_line_nor_make_a_long_one) {
  request_.path = "/v2/" + std::string(10'000, 'a');
  request_.headers.set("User-Agent", "x\" status=200 y=\"" + std::string(10'000, 'b'));
  const std::string line = requestLine(request_, result_);
  EXPECT_LT(line.size(), 900U);
  EXPECT_NE(line.find(R"(agent="x\" status=200 y=\"bbb)"), std::string::npos) << line;
}

TEST_F(ExchangeLogTest, with_the_access_log_off_only_failures_are_logged) {
  ExchangeLog quiet(AccessLog::Failures, clock_, logger_, metrics_);
  quiet.onStart(request_);
  quiet.onEnd(request_, result_);
  result_.status = 404;
  quiet.onStart(request_);
  quiet.onEnd(request_, result_);
  EXPECT_EQ(lines().size(), 0U);
  result_.status = 503;
  quiet.onStart(request_);
  quiet.onEnd(request_, result_);
  EXPECT_EQ(lines().size(), 1U);
}

TEST_F(ExchangeLogTest, requests_are_counted_by_handler_code_and_method) {
  log_.onStart(request_);
  EXPECT_TRUE(metricsHave("registry_http_in_flight_requests{handler=\"manifest\"} 1"));
  log_.onEnd(request_, result_);
  EXPECT_TRUE(metricsHave("registry_http_in_flight_requests{handler=\"manifest\"} 0"));
  EXPECT_TRUE(metricsHave("registry_http_requests_total{handler=\"manifest\",code=\"201\",method=\"put\"} 1"))
      << metrics_.render();
  EXPECT_TRUE(metricsHave("registry_http_request_size_bytes_sum{handler=\"manifest\"} 524"));
  EXPECT_TRUE(metricsHave("registry_http_response_size_bytes_sum{handler=\"manifest\"} 2"));
  EXPECT_TRUE(
      metricsHave("registry_http_request_duration_seconds_bucket{handler=\"manifest\",method=\"put\",le=\"0.005\"} 1"));
}

TEST_F(ExchangeLogTest, clients_cannot_make_new_series) {
  request_.method = "BREW";
  result_.status = 299;
  log_.onStart(request_);
  log_.onEnd(request_, result_);
  EXPECT_TRUE(metricsHave("registry_http_requests_total{handler=\"manifest\",code=\"other\",method=\"other\"} 1"));
}

TEST_F(ExchangeLogTest, a_full_storage_is_507_and_the_cause_is_only_in_the_log) {
  const net::Response response =
      answerTo(storage::StorageError(storage::StorageFailure::NoSpace, "cannot write /srv/x: No space left"));
  EXPECT_EQ(response.status, 507);
  EXPECT_EQ(bodyOf(response).find("/srv"), std::string::npos);
  ASSERT_EQ(lines().size(), 1U);
  EXPECT_EQ(
      lines()[0],
      "level=error event=request_failed id=9f method=PUT path=\"/v2/a/manifests/1\" error=\"cannot write /srv/x: No "
      "space left\"");
}

TEST_F(ExchangeLogTest, storage_or_index_out_of_reach_is_503_with_a_time_to_try_again) {
  for (const net::Response& response :
       {answerTo(storage::StorageError(storage::StorageFailure::Unavailable, "x")), answerTo(index::IndexError("y"))}) {
    EXPECT_EQ(response.status, 503);
    EXPECT_EQ(response.headers.find("Retry-After"), "5");
  }
}

TEST_F(ExchangeLogTest, anything_else_is_500_unknown_without_internals) {
  const net::Response response = answerTo(std::logic_error("secret insides"));
  EXPECT_EQ(response.status, 500);
  EXPECT_NE(bodyOf(response).find("\"UNKNOWN\""), std::string::npos);
  EXPECT_EQ(bodyOf(response).find("insides"), std::string::npos);
}

TEST_F(ExchangeLogTest, a_refused_head_gets_an_error_body_and_is_counted) {
  const net::Response response = log_.onRefused({}, 431, "the header is longer than 32768 bytes");
  EXPECT_EQ(response.status, 431);
  EXPECT_NE(bodyOf(response).find("\"the header is longer than 32768 bytes\""), std::string::npos);
  EXPECT_EQ(response.headers.find("Docker-Distribution-Api-Version"), "registry/2.0");
  EXPECT_TRUE(metricsHave("registry_http_requests_total{handler=\"refused\",code=\"431\",method=\"other\"} 1"));
  EXPECT_EQ(log_.onRefused({}, 503, "too many connections").headers.find("Retry-After"), "5");
}

TEST_F(ExchangeLogTest, peers_that_send_rubbish_do_not_fill_the_log) {
  for (int i = 0; i < 1000; ++i) {
    log_.onRefused({}, 400, "rubbish");
  }
  EXPECT_EQ(lines().size(), 10U);
  clock_.time += 1s;
  log_.onRefused({}, 400, "rubbish");
  ASSERT_EQ(lines().size(), 11U);
  EXPECT_EQ(lines()[10], "level=info event=refused client=\"\" status=400 reason=rubbish others_left_out=990");
}

TEST(HandlerLabel, tells_the_resources_apart_whatever_the_repository_is_called) {
  EXPECT_EQ(handlerLabel("/v2/"), "base");
  EXPECT_EQ(handlerLabel("/v2/_catalog"), "catalog");
  EXPECT_EQ(handlerLabel("/v2/a/b/tags/list"), "tags");
  EXPECT_EQ(handlerLabel("/v2/command/blobs/manifests/latest"), "manifest");
  EXPECT_EQ(handlerLabel("/v2/a/blobs/sha256:00"), "blob");
  EXPECT_EQ(handlerLabel("/v2/a/blobs/uploads/"), "blob_upload");
  EXPECT_EQ(handlerLabel("/v2/a/blobs/uploads"), "blob_upload");
  EXPECT_EQ(handlerLabel("/v2/a/blobs/uploads/3f1c"), "blob_upload_chunk");
  EXPECT_EQ(handlerLabel("/v2/a/referrers/sha256:00"), "referrers");
  EXPECT_EQ(handlerLabel("/healthz"), "other");
  EXPECT_EQ(handlerLabel("/v2/a"), "other");
  EXPECT_EQ(handlerLabel(""), "other");
}

}  // namespace
}  // namespace rha::registryd
