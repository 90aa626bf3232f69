#include "support/tls_client.h"

#include <fcntl.h>
#include <poll.h>

#include <chrono>

namespace rha::test {
namespace {

constexpr std::chrono::seconds kPatience{10};

net::SslContextPtr makeContext(const TlsWish& wish) {
  net::SslContextPtr context(SSL_CTX_new(TLS_client_method()));
  if (wish.version != 0) {
    SSL_CTX_set_min_proto_version(context.get(), wish.version);
    SSL_CTX_set_max_proto_version(context.get(), wish.version);
    if (wish.version < TLS1_2_VERSION) {
      SSL_CTX_set_security_level(context.get(), 0);
    }
  }
  if (!wish.tickets) {
    SSL_CTX_set_options(context.get(), SSL_OP_NO_TICKET);
  }
  if (!wish.ciphers.empty()) {
    SSL_CTX_set_cipher_list(context.get(), wish.ciphers.c_str());
  }
  if (!wish.signatures.empty()) {
    SSL_CTX_set1_sigalgs_list(context.get(), wish.signatures.c_str());
  }
  if (!wish.trusted.empty()) {
    const net::BioPtr bio(BIO_new_mem_buf(wish.trusted.data(), static_cast<int>(wish.trusted.size())));
    const net::CertificatePtr authority(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()), authority.get());
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  }
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  return context;
}

}  // namespace

TlsChannel::TlsChannel(base::Fd socket, const TlsWish& wish)
    : socket_(std::move(socket)), context_(makeContext(wish)), connection_(SSL_new(context_.get())) {
  SSL* const ssl = connection_.get();
  SSL_set_fd(ssl, socket_.get());
  if (!wish.serverName.empty()) {
    SSL_set_tlsext_host_name(ssl, wish.serverName.c_str());
    SSL_set1_host(ssl, wish.serverName.c_str());
  }
  std::string offered;
  for (const std::string& protocol : wish.protocols) {
    offered += static_cast<char>(protocol.size()) + protocol;
  }
  if (!offered.empty()) {
    SSL_set_alpn_protos(ssl, reinterpret_cast<const unsigned char*>(offered.data()),
                        static_cast<unsigned>(offered.size()));
  }
  if (wish.session != nullptr) {
    SSL_set_session(ssl, wish.session);
  }
  if (!wish.preface.empty()) {
    ::send(socket_.get(), wish.preface.data(), wish.preface.size(), MSG_NOSIGNAL);
  }
  ERR_clear_error();
  if (SSL_connect(ssl) != 1) {
    // To the end, for a reset would overtake the alert that tells the server why.
    ::shutdown(socket_.get(), SHUT_WR);
    char rest[4096];
    while (::recv(socket_.get(), rest, sizeof rest, 0) > 0) {
    }
    throw std::runtime_error("test client: TLS handshake: " + net::takeOpensslError());
  }
  ::fcntl(socket_.get(), F_SETFL, ::fcntl(socket_.get(), F_GETFL) | O_NONBLOCK);
}

template <typename Call>
bool TlsChannel::persist(Call call, int& sslError) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < deadline) {
    {
      const std::lock_guard lock(mutex_);
      if (!socket_.valid()) {
        errno = EBADF;
        return false;
      }
      ERR_clear_error();
      const int result = call(connection_.get());
      if (result == 1) {
        return true;
      }
      sslError = SSL_get_error(connection_.get(), result);
    }
    if (sslError != SSL_ERROR_WANT_READ && sslError != SSL_ERROR_WANT_WRITE) {
      errno = ECONNRESET;
      return false;
    }
    // Short, for the other thread may take the bytes that this one waits for.
    const short event = sslError == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT;
    pollfd wait{.fd = socket_.get(), .events = event, .revents = 0};
    ::poll(&wait, 1, 20);
  }
  errno = EAGAIN;
  return false;
}

bool TlsChannel::send(std::string_view bytes) {
  while (!bytes.empty()) {
    std::size_t count = 0;
    int sslError = 0;
    if (!persist([&](SSL* ssl) { return SSL_write_ex(ssl, bytes.data(), bytes.size(), &count); }, sslError)) {
      return false;
    }
    bytes.remove_prefix(count);
  }
  return true;
}

ssize_t TlsChannel::receive(char* buffer, std::size_t size) {
  std::size_t count = 0;
  int sslError = 0;
  if (persist([&](SSL* ssl) { return SSL_read_ex(ssl, buffer, size, &count); }, sslError)) {
    return static_cast<ssize_t>(count);
  }
  return sslError == SSL_ERROR_ZERO_RETURN ? 0 : -1;
}

void TlsChannel::shutdownWrite() {
  const std::lock_guard lock(mutex_);
  SSL_shutdown(connection_.get());
  ::shutdown(socket_.get(), SHUT_WR);
}

void TlsChannel::truncate() { ::shutdown(socket_.get(), SHUT_WR); }

void TlsChannel::reset() {
  const std::lock_guard lock(mutex_);
  const linger hard{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  socket_.reset();
}

std::string TlsChannel::protocol() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(connection_.get(), &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

std::string TlsChannel::serverCommonName() const {
  const net::CertificatePtr certificate(SSL_get1_peer_certificate(connection_.get()));
  char text[256] = "";
  X509_NAME_get_text_by_NID(X509_get_subject_name(certificate.get()), NID_commonName, text, sizeof text);
  return text;
}

std::string TlsChannel::serverKeyKind() const {
  const net::CertificatePtr certificate(SSL_get1_peer_certificate(connection_.get()));
  return EVP_PKEY_get0_type_name(X509_get0_pubkey(certificate.get()));
}

}  // namespace rha::test
