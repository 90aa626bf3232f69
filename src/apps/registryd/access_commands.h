// The control socket's commands about access, for registry-acl-reloader and docker-registryctl.
//
//   {"command":"apply_access","file":"…","text":"…"}           applies a text; `file` is for the messages
//     <- {"generation":2,"hash":"sha256:…","changes":["account ml-build added", …]}
//     <- error: every fault as FILE:LINE: text, one a line; what was in force stays
//   {"command":"explain","account":"ci-build","address":"10.64.0.2","action":"push","repository":"a","mount_from":""}
//     <- {"verdict":"allow","reason":"…","rule":"…","message":"…","challenge":"…","limit":"",
//         "account_known":true,"generation":2}
//
// Called on the control server's threads.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "access/access_control.h"
#include "control/control_socket.h"

namespace rha::registryd {

// `access` gives null while there are no rules: no access.file, or not started. `applied` is called after new rules
// were put in force.
void addAccessCommands(control::ControlServer& control, const std::function<access::AccessControl*()>& access,
                       const std::function<void()>& applied);

// The part of `status` about access.
nlohmann::json accessStatusJson(const access::AccessStatus& status, const std::string& file);

}  // namespace rha::registryd
