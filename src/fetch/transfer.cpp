#include "fetch/transfer.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "base/text.h"

namespace rha::fetch {
namespace {

constexpr std::size_t kMaxHeadBytes = 64 * 1024;
constexpr long kReceiveBytes = 256 * 1024;
constexpr long kSendBytes = 512 * 1024;
constexpr long kMaxRedirects = 5;

template <typename T>
void set(CURL* easy, CURLoption option, T value) {
  if (const CURLcode code = curl_easy_setopt(easy, option, value); code != CURLE_OK) {
    throw FetchError(FetchFailure::Invalid, std::string("cannot prepare a request: ") + curl_easy_strerror(code));
  }
}

// What is shown of a URL: not its user, path or query, which may hold secrets.
std::string hostOf(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) {
    return "(not a URL)";
  }
  std::string_view authority = url.substr(scheme + 3);
  authority = authority.substr(0, authority.find_first_of("/?#"));
  return std::string(authority.substr(authority.rfind('@') + 1));
}

FetchFailure failureOf(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
      return FetchFailure::Unreachable;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_BAD_FUNCTION_ARGUMENT:
      return FetchFailure::Invalid;
    case CURLE_OPERATION_TIMEDOUT:
      return FetchFailure::TimedOut;
    default:
      return FetchFailure::Broken;
  }
}

bool hasLineBreak(std::string_view text) { return text.find_first_of(std::string_view("\r\n\0", 3)) != text.npos; }

}  // namespace

Transfer::Transfer(CURLM* connection, const ClientSettings& settings, Request request)
    : connection_(connection),
      request_(std::move(request)),
      easy_(curl_easy_init()),
      errorText_(CURL_ERROR_SIZE, '\0'),
      started_(std::chrono::steady_clock::now()),
      progressed_(started_) {
  if (!easy_) {
    throw std::bad_alloc();
  }
  prepare(settings);
  curl_multi_add_handle(connection_, easy_.get());
}

Transfer::~Transfer() { curl_multi_remove_handle(connection_, easy_.get()); }

void Transfer::prepare(const ClientSettings& settings) {
  CURL* easy = easy_.get();
  set(easy, CURLOPT_ERRORBUFFER, errorText_.data());
  set(easy, CURLOPT_NOSIGNAL, 1L);
  set(easy, CURLOPT_URL, request_.url.c_str());
  set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  set(easy, CURLOPT_PATH_AS_IS, 1L);
  set(easy, CURLOPT_PROXY, "");
  set(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(easy, CURLOPT_USERAGENT, settings.userAgent.c_str());
  set(easy, CURLOPT_BUFFERSIZE, kReceiveBytes);
  set(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  set(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request_.deadlines.connect.count()));
  if (request_.redirects == Redirects::Follow) {
    set(easy, CURLOPT_FOLLOWLOCATION, 1L);
    set(easy, CURLOPT_MAXREDIRS, kMaxRedirects);
    set(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  }
  set(
      easy, CURLOPT_HEADERFUNCTION, +[](char* data, std::size_t, std::size_t size, void* self) {
        return static_cast<Transfer*>(self)->onHeader({data, size});
      });
  set(easy, CURLOPT_HEADERDATA, this);
  set(
      easy, CURLOPT_WRITEFUNCTION, +[](char* data, std::size_t, std::size_t size, void* self) {
        return static_cast<Transfer*>(self)->onBody(std::as_bytes(std::span(data, size)));
      });
  set(easy, CURLOPT_WRITEDATA, this);
  setTls(settings);
  setBody();
  setHeaders();
}

void Transfer::setTls(const ClientSettings& settings) {
  set(easy_.get(), CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!settings.caFile.empty()) {
    set(easy_.get(), CURLOPT_CAINFO, settings.caFile.c_str());
    set(easy_.get(), CURLOPT_CAPATH, static_cast<const char*>(nullptr));
  }
}

void Transfer::setBody() {
  CURL* easy = easy_.get();
  if (request_.body == nullptr) {
    if (request_.method == "HEAD") {
      set(easy, CURLOPT_NOBODY, 1L);
    } else {
      set(easy, CURLOPT_CUSTOMREQUEST, request_.method.c_str());
    }
    return;
  }
  set(easy, CURLOPT_UPLOAD, 1L);
  set(easy, CURLOPT_CUSTOMREQUEST, request_.method.c_str());
  set(easy, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(request_.body->size()));
  if (request_.body->size() > static_cast<std::uint64_t>(kSendBytes)) {
    set(easy, CURLOPT_UPLOAD_BUFFERSIZE, kSendBytes);
  }
  set(
      easy, CURLOPT_READFUNCTION, +[](char* data, std::size_t, std::size_t size, void* self) {
        return static_cast<Transfer*>(self)->onSend(std::as_writable_bytes(std::span(data, size)));
      });
  set(easy, CURLOPT_READDATA, this);
  // A connection that turns out to be dead is replaced, and the body begins anew.
  set(
      easy, CURLOPT_SEEKFUNCTION, +[](void* self, curl_off_t offset, int) {
        static_cast<Transfer*>(self)->sent_ = static_cast<std::uint64_t>(offset);
        return CURL_SEEKFUNC_OK;
      });
  set(easy, CURLOPT_SEEKDATA, this);
}

void Transfer::setHeaders() {
  const auto add = [this](const std::string& line) {
    curl_slist* longer = curl_slist_append(headerList_.get(), line.c_str());
    if (longer == nullptr) {
      throw std::bad_alloc();
    }
    static_cast<void>(headerList_.release());
    headerList_.reset(longer);
  };
  for (const auto& [name, value] : request_.headers) {
    if (name.empty() || hasLineBreak(name) || hasLineBreak(value)) {
      fail(FetchFailure::Invalid, "a header has a line break or no name");
    }
    std::string line = name;
    add(line.append(value.empty() ? ";" : ": ").append(value));
  }
  add("Expect:");  // else a large body waits a second for a server that does not say 100
  set(easy_.get(), CURLOPT_HTTPHEADER, headerList_.get());
}

std::size_t Transfer::onHeader(std::string_view line) {
  progressed_ = std::chrono::steady_clock::now();
  headBytes_ += line.size();
  if (headBytes_ > kMaxHeadBytes) {
    refused_ = "the head of the answer is larger than " + std::to_string(kMaxHeadBytes) + " bytes";
    return 0;
  }
  if (line.starts_with("HTTP/")) {
    // A new head: after 100 Continue, or after a redirect.
    const std::size_t blank = line.find(' ');
    const auto status = blank == line.npos ? std::nullopt : base::parseUnsigned(line.substr(blank + 1, 3));
    head_ = ResponseHead{static_cast<int>(status.value_or(0)), {}};
    return line.size();
  }
  const std::size_t colon = line.find(':');
  if (colon != line.npos && !headComplete_) {
    std::string_view value = line.substr(colon + 1);
    value = value.substr(0, value.find_last_not_of("\r\n") + 1);
    head_.headers.emplace_back(line.substr(0, colon), base::trim(value));
  }
  return line.size();
}

std::size_t Transfer::onBody(std::span<const std::byte> bytes) {
  progressed_ = std::chrono::steady_clock::now();
  headComplete_ = true;
  if (earlyRead_ == early_.size() && target_.size() - filled_ >= bytes.size()) {
    std::memcpy(target_.data() + filled_, bytes.data(), bytes.size());
    filled_ += bytes.size();
    return bytes.size();
  }
  if (early_.size() - earlyRead_ >= kExchangeBufferBytes) {
    paused_ = true;
    return CURL_WRITEFUNC_PAUSE;
  }
  early_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return bytes.size();
}

std::size_t Transfer::onSend(std::span<std::byte> buffer) {
  progressed_ = std::chrono::steady_clock::now();
  try {
    const std::size_t count = request_.body->read(sent_, buffer);
    sent_ += count;
    return count;
  } catch (...) {
    bodyFailure_ = std::current_exception();  // rethrown by step(): C code lies in between
    return CURL_READFUNC_ABORT;
  }
}

void Transfer::step(std::chrono::milliseconds patience) {
  int running = 0;
  CURLMcode code = curl_multi_perform(connection_, &running);
  collectEnd();
  const bool somethingNew = ended_ || filled_ > 0 || earlyRead_ < early_.size();
  if (patience.count() > 0 && code == CURLM_OK && !somethingNew) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(nextDeadline() - std::chrono::steady_clock::now());
    const auto longest = std::clamp(left, std::chrono::milliseconds(0), std::min(patience, kLongestPoll));
    code = curl_multi_poll(connection_, nullptr, 0, static_cast<int>(longest.count()), nullptr);
  }
  if (code != CURLM_OK) {
    fail(FetchFailure::Broken, curl_multi_strerror(code));
  }
  if (!ended_) {
    checkDeadlines();
  }
}

void Transfer::collectEnd() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(connection_, &left)) {
    if (message->msg != CURLMSG_DONE) {
      continue;
    }
    ended_ = true;
    const CURLcode code = message->data.result;
    if (bodyFailure_) {
      std::rethrow_exception(bodyFailure_);
    }
    if (!refused_.empty()) {
      fail(FetchFailure::TooLarge, refused_);
    }
    if (wasStale(code)) {
      return beginAnew();
    }
    if (code != CURLE_OK) {
      const std::string text = errorText_.c_str();
      fail(failureOf(code), text.empty() ? curl_easy_strerror(code) : text);
    }
    headComplete_ = true;
  }
}

// A kept connection that the server was just closing: the request has not been looked at. libcurl finds that out itself
// when it reads, but not when it has begun to send the body.
bool Transfer::wasStale(CURLcode code) const {
  long opened = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_NUM_CONNECTS, &opened);
  const bool broken = code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR || code == CURLE_GOT_NOTHING;
  return broken && opened == 0 && headBytes_ == 0 && !anew_;
}

void Transfer::beginAnew() {
  curl_multi_remove_handle(connection_, easy_.get());
  set(easy_.get(), CURLOPT_FRESH_CONNECT, 1L);
  anew_ = true;
  ended_ = false;
  sent_ = 0;
  errorText_.assign(CURL_ERROR_SIZE, '\0');
  set(easy_.get(), CURLOPT_ERRORBUFFER, errorText_.data());
  curl_multi_add_handle(connection_, easy_.get());
}

Transfer::Time Transfer::nextDeadline() const {
  const Deadlines& deadlines = request_.deadlines;
  const bool sending = request_.body != nullptr && sent_ < request_.body->size();
  const auto patience = headBytes_ > 0 || sending ? deadlines.noProgress : deadlines.firstByte;
  Time next = Time::max();
  if (patience.count() > 0) {
    next = progressed_ + patience;
  }
  if (deadlines.total.count() > 0) {
    next = std::min(next, started_ + deadlines.total);
  }
  return next;
}

void Transfer::checkDeadlines() {
  if (std::chrono::steady_clock::now() >= nextDeadline()) {
    fail(FetchFailure::TimedOut, headComplete_ ? "the answer made no progress in time" : "no answer came in time");
  }
}

void Transfer::fail(FetchFailure failure, const std::string& why) const {
  throw FetchError(failure, request_.method + " to " + hostOf(request_.url) + ": " + why);
}

void Transfer::resume() {
  if (paused_) {
    paused_ = false;
    // Calls onBody() with what libcurl had kept, which may pause again.
    curl_easy_pause(easy_.get(), CURLPAUSE_CONT);
  }
}

std::size_t Transfer::read(std::span<std::byte> buffer) {
  if (earlyRead_ < early_.size()) {
    const std::size_t count = std::min(buffer.size(), early_.size() - earlyRead_);
    std::memcpy(buffer.data(), early_.data() + earlyRead_, count);
    earlyRead_ += count;
    if (earlyRead_ == early_.size()) {
      early_.clear();
      earlyRead_ = 0;
    }
    return count;
  }
  target_ = buffer;
  filled_ = 0;
  progressed_ = std::chrono::steady_clock::now();  // the reader may have been away
  try {
    resume();
    while (filled_ == 0 && earlyRead_ == early_.size() && !ended_) {
      step(kLongestPoll);
    }
  } catch (...) {
    target_ = {};
    throw;
  }
  target_ = {};
  return filled_ > 0 || early_.empty() ? filled_ : read(buffer);
}

}  // namespace rha::fetch
