// Texts about the program, made from the tables of command_line.h: --help, the manual, the completion.
//
// Pure functions; thread-safe.
#pragma once

#include <string>
#include <string_view>

namespace rha::registryctl {

std::string helpText();
// docker-registryctl(1), as roff with man macros.
std::string manPage(std::string_view version);
// For /usr/share/bash-completion/completions.
std::string bashCompletion();

}  // namespace rha::registryctl
