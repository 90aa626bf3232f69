#include "access/gate.h"

namespace rha::access {

Admission AnonymousGate::admit(const Approach& approach, std::optional<Action> action,
                               const oci::RepositoryName* repository) const {
  Admission admission;
  admission.client.address = approach.peer;
  admission.policy = policy_;
  if (action) {
    admission.decision = policy_->decide({admission.principal, admission.client, *action, repository, nullptr});
  }
  return admission;
}

}  // namespace rha::access
