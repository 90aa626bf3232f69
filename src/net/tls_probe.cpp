#include "net/tls_probe.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>

#include "net/openssl.h"

namespace rha::net {
namespace {

// Repeats a call of OpenSSL's, which returns 1 when it is done, for as long as it only waits for the socket.
template <typename Call>
bool persist(SSL* connection, int socket, base::SteadyTime deadline, Call call) {
  while (true) {
    ERR_clear_error();
    const int result = call();
    if (result == 1) {
      return true;
    }
    const int error = SSL_get_error(connection, result);
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
    if ((error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) || left <= 0) {
      return false;
    }
    const short event = error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT;
    pollfd wait{.fd = socket, .events = event, .revents = 0};
    ::poll(&wait, 1, static_cast<int>(std::min<std::int64_t>(left, 60'000)));
  }
}

}  // namespace

std::string probeTls(int socket, std::string_view preface, std::string_view request, base::SteadyTime deadline) {
  const SslContextPtr context(SSL_CTX_new(TLS_client_method()));
  const SslPtr connection(context ? SSL_new(context.get()) : nullptr);
  if (!connection || SSL_set_fd(connection.get(), socket) != 1) {
    return "cannot set up TLS: " + takeOpensslError();
  }
  if (!preface.empty() && ::send(socket, preface.data(), preface.size(), MSG_NOSIGNAL) < 0) {
    return "cannot send";
  }
  SSL* const ssl = connection.get();
  std::size_t count = 0;
  if (!persist(ssl, socket, deadline, [&] { return SSL_connect(ssl); })) {
    return "the TLS handshake does not succeed: " + takeOpensslError();
  }
  if (!persist(ssl, socket, deadline, [&] { return SSL_write_ex(ssl, request.data(), request.size(), &count); })) {
    return "cannot send over TLS";
  }
  char byte = 0;
  if (!persist(ssl, socket, deadline, [&] { return SSL_read_ex(ssl, &byte, 1, &count); })) {
    return "does not answer over TLS";
  }
  return "";
}

}  // namespace rha::net
