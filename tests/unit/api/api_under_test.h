// ApiUnderTest: the whole API on a registry in memory, without a network, and a small language for requests.
//
//   ApiUnderTest api;
//   api.registry.pushImage("a", "v1");
//   EXPECT_EQ(api.get("/v2/a/tags/list").status, 200);
//   api.send("PUT", location + "&digest=" + digest, "bytes", {{"Content-Range", "0-4"}});
//
// Requests may be made by several threads at once; the rest is for one.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/registry_handler.h"
#include "support/registry_under_test.h"

namespace rha::test {

using Fields = std::vector<std::pair<std::string, std::string>>;

// An answer as a client would get it.
struct Answer {
  int status = 0;
  net::Headers headers;
  std::string body;
  std::uint64_t contentLength = 0;
  std::vector<std::pair<std::string_view, std::string>> log;

  [[nodiscard]] std::string header(std::string_view name) const { return std::string(headers.find(name).value_or("")); }
  [[nodiscard]] bool has(std::string_view text) const { return body.find(text) != std::string::npos; }
};

class ApiUnderTest final {
 public:
  explicit ApiUnderTest(const access::Policy& policy, const api::ApiSettings& settings = {},
                        registry::UploadSettings uploads = {})
      : ApiUnderTest(std::make_shared<access::AnonymousGate>(borrowed(policy)), settings, uploads) {}
  explicit ApiUnderTest(const access::Gate& borrowedGate) : ApiUnderTest(borrowed(borrowedGate), {}, {}) {}
  ApiUnderTest(std::shared_ptr<const access::Gate> admittingGate, const api::ApiSettings& settings,
               registry::UploadSettings uploads)
      : ApiUnderTest(std::make_shared<storage::MemoryDriver>(), std::move(admittingGate), settings, uploads) {}
  ApiUnderTest(std::shared_ptr<storage::StorageDriver> driver, std::shared_ptr<const access::Gate> admittingGate,
               const api::ApiSettings& settings = {}, registry::UploadSettings uploads = {})
      : gate(std::move(admittingGate)),
        registry(std::move(driver), uploads),
        schema1(registry.blobs, registry.manifests, registry.clock, registry::JwsKey::generate()),
        handler({.answers = answers,
                 .blobs = registry.blobs,
                 .manifests = registry.manifests,
                 .uploads = registry.uploads,
                 .referrers = registry.referrers,
                 .schema1 = schema1,
                 .index = *registry.index,
                 .listGate = lists,
                 .gate = *gate},
                settings) {
    lists.open();
  }

  Answer get(const std::string& target, const Fields& fields = {}) { return exchange("GET", target, {}, fields); }
  Answer head(const std::string& target, const Fields& fields = {}) { return exchange("HEAD", target, {}, fields); }
  // What the event thread answers by itself.
  std::optional<Answer> tryAnswer(const std::string& target, const Fields& fields = {}) {
    net::Request request = makeRequest("GET", target, fields);
    auto response = handler.tryAnswer(request);
    return response ? std::optional(toAnswer(request, *std::move(response))) : std::nullopt;
  }
  // As the engine does it: the event thread first, then a worker.
  Answer getAsEngine(const std::string& target, const Fields& fields = {}) {
    net::Request request = makeRequest("GET", target, fields);
    auto response = handler.tryAnswer(request);
    return toAnswer(request, response ? *std::move(response) : std::get<net::Response>(handler.handle(request)));
  }
  Answer post(const std::string& target) { return exchange("POST", target, {}, {}); }
  Answer del(const std::string& target) { return exchange("DELETE", target, {}, {}); }
  // A request with a body: of known length, or chunked.
  Answer send(const std::string& method, const std::string& target, const std::string& body,
              const Fields& fields = {}) {
    return exchange(method, target, body, fields);
  }
  Answer sendChunked(const std::string& method, const std::string& target, const std::string& body,
                     const Fields& fields = {}) {
    return exchange(method, target, body, fields, true);
  }
  // Sends `bytes` of a body and then hangs up.
  void sendAndHangUp(const std::string& method, const std::string& target, const std::string& bytes) {
    net::Request request = makeRequest(method, target, {});
    request.contentLength = bytes.size() + 1;
    auto disposition = handler.handle(request);
    auto& sink = std::get<std::unique_ptr<net::BodySink>>(disposition);
    sink->write(bytesOf(bytes));
    sink->abort(net::AbortReason::ClientGone);
  }

 private:
  // The test owns what it gives.
  template <typename T>
  static std::shared_ptr<const T> borrowed(const T& object) {
    return std::shared_ptr<const T>(std::shared_ptr<void>(), &object);
  }

  static net::Request makeRequest(const std::string& method, const std::string& target, const Fields& fields) {
    net::Request request;
    request.method = method;
    request.target = target;
    const auto mark = target.find('?');
    request.path = target.substr(0, mark);
    request.query = mark == std::string::npos ? "" : target.substr(mark + 1);
    request.peer = net::Address::parse("192.0.2.7:4711").value();
    for (const auto& [name, value] : fields) {
      request.headers.add(name, value);
    }
    return request;
  }

  Answer exchange(const std::string& method, const std::string& target, const std::optional<std::string>& body,
                  const Fields& fields, bool chunked = false) {
    net::Request request = makeRequest(method, target, fields);
    request.chunked = chunked;
    if (body && !chunked) {
      request.contentLength = body->size();
    }
    if (!body) {
      if (auto quick = handler.tryAnswer(request)) {
        return toAnswer(request, std::move(*quick));
      }
    }
    auto disposition = handler.handle(request);
    if (auto* response = std::get_if<net::Response>(&disposition)) {
      return toAnswer(request, std::move(*response));
    }
    auto& sink = *std::get<std::unique_ptr<net::BodySink>>(disposition);
    return toAnswer(request, deliver(sink, body.value_or("")));
  }

  // The body in pieces, as an engine hands it over.
  static net::Response deliver(net::BodySink& sink, std::string_view body) {
    constexpr std::size_t kPiece = 1000;
    for (std::size_t offset = 0; offset < body.size(); offset += kPiece) {
      if (auto early = sink.write(bytesOf(body.substr(offset, kPiece)))) {
        return std::move(*early);
      }
    }
    return sink.finish();
  }

  static Answer toAnswer(const net::Request& request, net::Response response) {
    Answer answer{response.status, std::move(response.headers), {}, 0, request.log};
    for (std::string_view lines = response.fieldLines ? std::string_view(*response.fieldLines) : ""; !lines.empty();) {
      const auto line = lines.substr(0, lines.find("\r\n"));
      answer.headers.add(std::string(line.substr(0, line.find(": "))), std::string(line.substr(line.find(": ") + 2)));
      lines.remove_prefix(line.size() + 2);
    }
    if (auto* text = std::get_if<std::string>(&response.body)) {
      answer.contentLength = text->size();
      answer.body = std::move(*text);
    } else {
      auto& source = *std::get<std::unique_ptr<base::BodySource>>(response.body);
      answer.contentLength = source.size();
      if (request.method != "HEAD") {
        answer.body = base::readAll(source, 64 * 1024 * 1024);
      }
    }
    if (request.method == "HEAD") {
      answer.body.clear();
    }
    return answer;
  }

 public:
  std::shared_ptr<const access::Gate> gate;
  RegistryUnderTest registry;
  registry::Schema1Converter schema1;
  base::MetricsRegistry metrics;
  api::AnswerCache answers{{}, metrics};
  index::ListGate lists{std::chrono::milliseconds(0)};
  api::RegistryHandler handler;
};

// Allows everything; decisions are made by the daemon's policy.
class OpenPolicy final : public access::Policy {
 public:
  [[nodiscard]] access::Decision decide(const access::Question&) const override { return {}; }
};

}  // namespace rha::test
