#include "fetch/exchange.h"

#include "fetch/connection_pool.h"
#include "fetch/transfer.h"

namespace rha::fetch {
namespace {

constexpr std::size_t kPieceBytes = 64 * 1024;

}  // namespace

Exchange::Exchange(std::unique_ptr<ConnectionLease> lease, std::unique_ptr<Transfer> transfer)
    : lease_(std::move(lease)), transfer_(std::move(transfer)) {}

Exchange::~Exchange() = default;

bool Exchange::advance(std::chrono::milliseconds patience) {
  if (!transfer_->headComplete()) {
    transfer_->step(patience);
  }
  return transfer_->headComplete();
}

const ResponseHead& Exchange::head() {
  while (!transfer_->headComplete()) {
    transfer_->step(Transfer::kLongestPoll);
  }
  return transfer_->head();
}

std::size_t Exchange::read(std::span<std::byte> buffer) {
  head();
  return transfer_->read(buffer);
}

Response Exchange::finish(std::uint64_t maxBytes) {
  Response response{head(), {}};
  while (true) {
    const std::size_t had = response.body.size();
    response.body.resize(had + kPieceBytes);
    const std::size_t count = read(std::as_writable_bytes(std::span(response.body).subspan(had)));
    response.body.resize(had + count);
    if (count == 0) {
      return response;
    }
    if (response.body.size() > maxBytes) {
      throw FetchError(FetchFailure::TooLarge, "the answer is larger than " + std::to_string(maxBytes) + " bytes");
    }
  }
}

}  // namespace rha::fetch
