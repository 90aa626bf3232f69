#include "net/tls_context.h"

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cstring>

#include "base/text.h"

namespace rha::net {
namespace {

// Mozilla's "intermediate" without finite-field Diffie-Hellman; of TLS 1.3, OpenSSL's own three.
constexpr const char* kCiphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr const char* kGroups = "X25519:P-256:P-384";
constexpr std::string_view kProtocol = "http/1.1";
constexpr std::string_view kSessionScope = "registryd";
constexpr long kCachedSessions = 20'000;  // of TLS 1.2 clients without tickets

int onProtocols(SSL*, const unsigned char** chosen, unsigned char* chosenSize, const unsigned char* offered,
                unsigned offeredSize, void*) {
  for (unsigned at = 0; at < offeredSize; at += 1U + offered[at]) {
    const std::string_view name(reinterpret_cast<const char*>(offered) + at + 1, offered[at]);
    if (name == kProtocol) {
      *chosen = offered + at + 1;
      *chosenSize = offered[at];
      return SSL_TLSEXT_ERR_OK;
    }
  }
  // RFC 7301: who offers only what is not spoken here (h2 alone, another protocol's client lured here) is refused.
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

void configure(SSL_CTX* context, TlsVersion leastVersion) {
  SSL_CTX_set_min_proto_version(context, leastVersion == TlsVersion::Tls13 ? TLS1_3_VERSION : TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(context, kCiphers);
  SSL_CTX_set1_groups_list(context, kGroups);
  // IGNORE_UNEXPECTED_EOF: many clients just close. HTTP says itself where a message ends, so nothing that was cut off
  // can be taken for whole.
  SSL_CTX_set_options(
      context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_ENABLE_KTLS);
  // RELEASE_BUFFERS: an idle connection holds no record buffers.
  SSL_CTX_set_mode(context,
                   SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(context, 1);  // one recv(2) a record, not two
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_SERVER);
  SSL_CTX_sess_set_cache_size(context, kCachedSessions);
  SSL_CTX_set_timeout(context, std::chrono::seconds(kTicketKeyLife).count());
  SSL_CTX_set_session_id_context(context, reinterpret_cast<const unsigned char*>(kSessionScope.data()),
                                 kSessionScope.size());
  SSL_CTX_set_alpn_select_cb(context, onProtocols, nullptr);
}

// What is shown to clients that ask for `name`: of each kind of key the first certificate that has the name itself,
// else the first that has it by a wildcard.
std::vector<const Certificate*> certificatesFor(const std::string& name, const std::vector<Certificate>& all) {
  std::vector<const Certificate*> chosen;
  const auto choose = [&](auto&& has) {
    for (const Certificate& certificate : all) {
      const auto& names = certificate.info.names;
      const bool isNew = std::none_of(chosen.begin(), chosen.end(), [&](const Certificate* other) {
        return other->keyKind() == certificate.keyKind();
      });
      if (isNew && std::any_of(names.begin(), names.end(), has)) {
        chosen.push_back(&certificate);
      }
    }
  };
  choose([&](const std::string& own) { return own == name; });
  choose([&](const std::string& own) { return nameMatches(own, name); });
  return chosen;
}

std::string notTaken(const Certificate& certificate) {
  return certificate.info.files.certificate + ": OpenSSL does not take it: " + takeOpensslError();
}

// False when OpenSSL does not take it, such as for a key that is too short.
bool use(SSL_CTX* context, const Certificate& certificate) {
  if (SSL_CTX_use_certificate(context, certificate.chain.front().get()) != 1 ||
      SSL_CTX_use_PrivateKey(context, certificate.key.get()) != 1) {
    return false;
  }
  for (std::size_t i = 1; i < certificate.chain.size(); ++i) {
    if (SSL_CTX_add1_chain_cert(context, certificate.chain[i].get()) != 1) {
      return false;
    }
  }
  return true;
}

}  // namespace

base::Result<std::shared_ptr<const TlsContext>, std::string> TlsContext::make(std::vector<Certificate> certificates,
                                                                              TlsVersion leastVersion,
                                                                              const base::Clock& clock) {
  auto made = std::make_shared<TlsContext>(clock);
  std::map<Together, SSL_CTX*> known;
  const auto contextOf = [&](const Together& together) -> base::Result<SSL_CTX*, std::string> {
    SSL_CTX*& context = known[together];
    if (context == nullptr) {
      auto added = made->add(together, leastVersion);
      if (!added) {
        return added;
      }
      context = *added;
    }
    return context;
  };
  const Certificate& first = certificates.front();
  const auto& firstNames = first.info.names;
  if (auto added = contextOf(firstNames.empty() ? Together{&first} : certificatesFor(firstNames.front(), certificates));
      !added) {
    return base::fail(std::move(added.error()));
  }
  for (const Certificate& certificate : certificates) {
    // By itself first: what OpenSSL does not take is an error even where no name leads to it.
    if (SslContextPtr alone(SSL_CTX_new(TLS_server_method())); !alone || !use(alone.get(), certificate)) {
      return base::fail(notTaken(certificate));
    }
    for (const std::string& name : certificate.info.names) {
      auto context = contextOf(certificatesFor(name, certificates));
      if (!context) {
        return base::fail(std::move(context.error()));
      }
      made->names_.emplace(name, *context);
    }
    made->infos_.push_back(certificate.info);
  }
  return std::shared_ptr<const TlsContext>(std::move(made));
}

base::Result<SSL_CTX*, std::string> TlsContext::add(const Together& certificates, TlsVersion leastVersion) {
  SslContextPtr context(SSL_CTX_new(TLS_server_method()));
  if (!context) {
    return base::fail("OpenSSL makes no context: " + takeOpensslError());
  }
  configure(context.get(), leastVersion);
  for (const Certificate* certificate : certificates) {
    if (!use(context.get(), *certificate)) {
      return base::fail(notTaken(*certificate));
    }
  }
  SSL_CTX_set_tlsext_servername_callback(context.get(), onServerName);
  SSL_CTX_set_tlsext_servername_arg(context.get(), this);
  SSL_CTX_set_app_data(context.get(), this);
  SSL_CTX_set_tlsext_ticket_key_evp_cb(context.get(), onTicket);
  contexts_.push_back(std::move(context));
  return contexts_.back().get();
}

SslPtr TlsContext::newConnection(int socket) const {
  SslPtr connection(SSL_new(contexts_.front().get()));
  if (connection && SSL_set_fd(connection.get(), socket) == 1) {
    SSL_set_accept_state(connection.get());
    return connection;
  }
  ERR_clear_error();
  return nullptr;
}

SSL_CTX* TlsContext::find(std::string_view name) const {
  if (const auto exact = names_.find(name); exact != names_.end()) {
    return exact->second;
  }
  const std::size_t dot = name.find('.');
  if (dot == std::string_view::npos || dot == 0) {
    return nullptr;
  }
  const auto wild = names_.find("*" + std::string(name.substr(dot)));
  return wild == names_.end() ? nullptr : wild->second;
}

// A name that no certificate has gets the first one: a client by another name may still trust it.
int TlsContext::onServerName(SSL* connection, int*, void* self) {
  const char* const name = SSL_get_servername(connection, TLSEXT_NAMETYPE_host_name);
  if (name == nullptr) {
    return SSL_TLSEXT_ERR_NOACK;
  }
  SSL_CTX* const found = static_cast<const TlsContext*>(self)->find(base::toLower(name));
  if (found == nullptr) {
    return SSL_TLSEXT_ERR_NOACK;
  }
  SSL_set_SSL_CTX(connection, found);
  return SSL_TLSEXT_ERR_OK;
}

// 1: go on. 2: go on, and give a new ticket. 0: no such key, so a full handshake. -1: failed.
int TlsContext::onTicket(SSL* connection, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                         EVP_MAC_CTX* mac, int encrypt) try {
  auto* const self = static_cast<TlsContext*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(connection)));
  TicketKeys::Found found;
  if (encrypt == 1) {
    found = {self->ticketKeys_.current(), true};
    std::memcpy(name, found.key.name.data(), found.key.name.size());
    if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) != 1) {
      return -1;
    }
  } else if (const auto known = self->ticketKeys_.find(name)) {
    found = *known;
  } else {
    return 0;
  }
  char digest[] = "SHA256";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, found.key.mac.data(), found.key.mac.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_construct_end()};
  if (EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), nullptr, found.key.cipher.data(), iv, encrypt) != 1 ||
      EVP_MAC_CTX_set_params(mac, parameters) != 1) {
    return -1;
  }
  return found.isCurrent ? 1 : 2;
} catch (const std::exception&) {
  return -1;
}

}  // namespace rha::net
