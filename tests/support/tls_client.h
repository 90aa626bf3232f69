// TlsChannel: the Channel of a RawClient over TLS.
//
//   RawClient client(connectTls(port, {.serverName = "a.example.org"}));
//
// send() and receive() may be called on two threads at once. Waits at most 10 s for anything.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "net/openssl.h"
#include "support/raw_client.h"

namespace rha::test {

using SessionPtr = std::unique_ptr<SSL_SESSION, net::OpensslFree<SSL_SESSION_free>>;

struct TlsWish {
  int receiveBuffer = 0;
  std::string serverName = "localhost";
  int version = 0;                          // TLS1_2_VERSION …; 0: what both can
  std::string ciphers = {};                 // of TLS 1.2; empty: what OpenSSL has
  std::string signatures = {};              // algorithms the server may prove itself with; empty: what OpenSSL has
  std::vector<std::string> protocols = {};  // ALPN
  std::string trusted = {};  // PEM of an authority the server must prove itself by; empty: any server will do
  std::string preface = {};  // sent before the handshake
  bool tickets = true;
  SSL_SESSION* session = nullptr;  // to be resumed
};

class TlsChannel final : public Channel {
 public:
  // Throws std::runtime_error with OpenSSL's reason when the handshake fails.
  TlsChannel(base::Fd socket, const TlsWish& wish);
  // Without this OpenSSL would take the session for one that went wrong.
  ~TlsChannel() override { SSL_set_shutdown(connection_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN); }

  bool send(std::string_view bytes) override;
  ssize_t receive(char* buffer, std::size_t size) override;
  // With close_notify.
  void shutdownWrite() override;
  void reset() override;
  // Ends TCP without close_notify.
  void truncate();

  [[nodiscard]] bool resumed() const { return SSL_session_reused(connection_.get()) == 1; }
  [[nodiscard]] std::string version() const { return SSL_get_version(connection_.get()); }
  [[nodiscard]] std::string protocol() const;
  // The common name of the server's certificate.
  [[nodiscard]] std::string serverCommonName() const;
  // "RSA", "EC" …
  [[nodiscard]] std::string serverKeyKind() const;
  // To be resumed by another; with TLS 1.3 only after something was received.
  [[nodiscard]] SessionPtr session() const { return SessionPtr(SSL_get1_session(connection_.get())); }
  // True: the server said that it ends, with close_notify.
  [[nodiscard]] bool saidGoodbye() const { return (SSL_get_shutdown(connection_.get()) & SSL_RECEIVED_SHUTDOWN) != 0; }

 private:
  // Waits until `call` (which returns what OpenSSL's function did) moved something. False: it failed.
  template <typename Call>
  bool persist(Call call, int& sslError);

  base::Fd socket_;
  net::SslContextPtr context_;
  net::SslPtr connection_;
  std::mutex mutex_;
};

inline std::unique_ptr<TlsChannel> connectTls(std::uint16_t port, const TlsWish& wish = {}) {
  return std::make_unique<TlsChannel>(connectSocket(port, wish.receiveBuffer), wish);
}

}  // namespace rha::test
