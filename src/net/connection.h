// Connection: one client's connection from accept to close, and the state machine between.
//
// (A connection from a proxy that speaks the PROXY protocol says first whose it is; that is a part of Handshake.)
//
//             ┌──────────────────────── keep-alive ───────────────────────────┐
//             v                                                               │
//   Handshake ─> Head ──> Waiting ──> Body ──> Waiting ──> Sending ──> Settling ──> Draining
//                 │          └──────────────────────────────> ^            │
//                 └── refused ────────────────────────────────┘            └──> Lingering ──> Closed
//
// A step of the machine does what can be done at once and says whether the next may follow (Continue) or an event has
// to come first (Blocked). While a worker runs the handler, the event thread only watches for the connection's end.
// Owned by its EventLoop; every function on its thread (asserted). A closed connection lives on without its socket
// until its exchange has settled. Failures end the connection, nothing else: nothing is thrown out of here.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "net/chunked_decoder.h"
#include "net/event_loop.h"
#include "net/exchange.h"
#include "net/head_parser.h"
#include "net/transport.h"

namespace rha::net {

class Connection final : public Watched, public DeadlineEntry {
 public:
  Connection(Engine& engine, EventLoop& loop, std::unique_ptr<Transport> transport, Address peer, Address local);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() override;

  std::list<std::unique_ptr<Connection>>::iterator place;  // the loop's

  void open(Welcome welcome);
  void onEvents(std::uint32_t events) override;
  void onDeadline() override;
  // Something happened to the exchange.
  void onExchange();
  // Goes on where it stopped to let others have their turn.
  void advance();
  // Closes if idle; else the present answer is the last.
  void onStop();
  // Ends now. True: an exchange was under way.
  bool cut();
  // Makes room for another. Precondition: idle, or not further than the handshake.
  void shed();

  AddressLimiter::Slot addressSlot;  // among the connections of its address
  bool awaitsTurn = false;           // the loop's: it stands in the queue for handshakes

 private:
  enum class Phase : std::uint8_t { Handshake, Head, Waiting, Body, Sending, Settling, Draining, Lingering, Closed };
  enum class Progress : std::uint8_t { Continue, Blocked };
  enum class Fill : std::uint8_t { More, Drained, Complete, Gone, Malformed };

  // connection.cpp: life cycle and requests
  void step();
  Progress nextStep();
  Progress handshake();
  Progress readHead();
  Progress receiveHead();
  Progress acceptHead(std::string_view bytes, bool kept);
  Progress refuse(int status, std::string_view reason);
  Progress begin(RequestHead head);
  void identify(Request& request);
  bool tryAnswer();
  Progress linger();
  void enter(Phase phase);
  void close(CloseReason reason);
  void giveUp(AbortReason reason, CloseReason closeReason);
  void endExchange();
  [[nodiscard]] std::string_view kept() const { return std::string_view(input_).substr(inputUsed_); }
  void noteRead(const IoResult& result);
  void keep(std::string_view bytes);
  void useKept(std::size_t count);

  // connection_proxy.cpp
  Progress readProxyHeader();

  // connection_body.cpp: the body of the request
  Progress receiveBody();
  Fill fill(BodySlot& slot, std::size_t& turn);
  Fill take(BodySlot& slot, std::size_t count);
  void waitForBody();
  bool sendContinue();
  Progress breakOff(AbortReason reason, int status, std::string_view text);
  Progress drain();
  // The rest of an unwanted body is short and will come.
  [[nodiscard]] bool canDrain() const;

  // connection_send.cpp: the answer
  Progress answer(Response response);
  void openBody(std::unique_ptr<base::BodySource> source);
  void composeAnswer();
  Progress send();
  Progress sendMemory();
  Progress sendFile();
  bool goOnWithoutFile();
  Progress sendStream();
  Progress sourceFailed(std::string_view why);
  Progress sent(const IoResult& result);
  Progress finish();
  Progress settle();

  Engine& engine_;
  EventLoop& loop_;
  std::unique_ptr<Transport> transport_;
  Address peer_;
  const Address local_;
  std::unique_ptr<Exchange> exchange_;

  Phase phase_ = Phase::Handshake;
  ConnectionState state_ = ConnectionState::Handshake;
  bool readable_ = false;
  bool writable_ = true;
  bool readNeedsWrite_ = false;  // the transport has to send before it can read on
  bool peerEnded_ = false;       // it sends nothing more than what is there
  bool awaitsProxyHeader_ = false;
  Welcome welcome_ = Welcome::Served;
  bool closeAfter_ = false;  // the present answer is the last

  // Received and not used yet: part of a head, or pipelined requests.
  std::string input_;
  std::size_t inputUsed_ = 0;
  std::size_t searched_ = 0;  // of kept(), for the end of the head
  int turnRequests_ = 0;

  // The body of the request.
  bool bodyDone_ = true;
  bool continueSent_ = false;
  bool bodyProgress_ = false;
  std::uint64_t bodyLeft_ = 0;  // of a Content-Length; also what is left to drain
  std::optional<ChunkedDecoder> chunks_;

  // The answer.
  Response response_;
  std::string headKept_;  // what did not leave at the first attempt
  std::string_view headLeft_;
  std::string_view textLeft_;
  std::optional<base::FileRange> fileLeft_;
  std::uint64_t streamLeft_ = 0;
  BodySlot* sending_ = nullptr;
  bool sendProgress_ = false;
  CloseReason closeReason_ = CloseReason::Answered;
  std::uint64_t lingered_ = 0;
};

}  // namespace rha::net
