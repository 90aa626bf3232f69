// Services: what the API's resources work with. All borrowed from the composition root; they outlive the handler.
#pragma once

#include "access/gate.h"
#include "api/answer_cache.h"
#include "api/api_settings.h"
#include "index/index.h"
#include "index/list_gate.h"
#include "registry/blobs.h"
#include "registry/manifests.h"
#include "registry/referrers.h"
#include "registry/schema1.h"
#include "registry/uploads.h"

namespace rha::api {

struct Services {
  AnswerCache& answers;
  registry::Blobs& blobs;
  registry::Manifests& manifests;
  registry::Uploads& uploads;
  registry::Referrers& referrers;
  const registry::Schema1Converter& schema1;
  index::Index& index;
  index::ListGate& listGate;  // to be passed before a list is read from the index
  const access::Gate& gate;
};

}  // namespace rha::api
