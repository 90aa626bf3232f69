// reloadAll(): reads anew what may change without a restart: the access file and the certificates.
//
// Each of the two is put in force whole, or not at all, whatever becomes of the other. Any thread.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "access/access_control.h"
#include "net/tls.h"

namespace rha::registryd {

// Borrowed; null: there is none.
struct Reloadables {
  access::AccessControl* access = nullptr;
  std::string accessFile;
  net::TlsTransportFactory* tls = nullptr;
};

struct Reloaded {
  // Of what is in force now and was read without a fault:
  // {"generation":2,"hash":"sha256:…","changes":[…],"tls":{"generation":2,"certificates":[…]}}
  nlohmann::json result;
  std::vector<std::string> accessFaults;  // as FILE:LINE: text
  std::vector<std::string> tlsFaults;     // as FILE: text
};

Reloaded reloadAll(const Reloadables& parts, base::WallTime now);

}  // namespace rha::registryd
