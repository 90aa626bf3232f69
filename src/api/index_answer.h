// indexAnswer(): an OCI image index composed of descriptors, as lists of manifests are answered.
//
// Pure function; thread-safe.
#pragma once

#include <string_view>

#include "net/response.h"

namespace rha::api {

// `descriptors` is JSON text: descriptors with commas between them.
net::Response indexAnswer(std::string_view descriptors);

}  // namespace rha::api
