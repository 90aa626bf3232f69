#include "registry/journal_facts.h"

#include <algorithm>
#include <optional>

#include "oci/digest.h"

namespace rha::registry {
namespace {

using Deletions = std::map<std::string, std::vector<JournalFacts::Deletion>>;

bool earlier(const index::TagEvent& a, const index::TagEvent& b) { return a.at < b.at; }

// The first deletion of what `event` points at, if it came before the tag went on to `next`.
std::optional<index::TagEvent> deletionAfter(const Deletions& deleted, const index::TagEvent& event,
                                             const index::TagEvent* next) {
  const auto known = event.digest ? deleted.find(event.digest->text()) : deleted.end();
  if (known == deleted.end()) {
    return std::nullopt;
  }
  const auto first = std::lower_bound(known->second.begin(), known->second.end(), event.at,
                                      [](const auto& deletion, base::WallTime at) { return deletion.at < at; });
  if (first == known->second.end() || (next != nullptr && next->at <= first->at)) {
    return std::nullopt;
  }
  return index::TagEvent{event.tag, std::nullopt, first->at, first->actor};
}

void concludeTag(JournalFacts::Events& events, const Deletions& deleted) {
  std::stable_sort(events.begin(), events.end(), earlier);
  JournalFacts::Events complete;
  for (std::size_t i = 0; i < events.size(); ++i) {
    complete.push_back(events[i]);
    if (auto gone = deletionAfter(deleted, events[i], i + 1 < events.size() ? &events[i + 1] : nullptr)) {
      complete.push_back(std::move(*gone));
    }
  }
  const auto same = [](const auto& a, const auto& b) { return a.digest == b.digest; };
  complete.erase(std::unique(complete.begin(), complete.end(), same), complete.end());
  events = std::move(complete);
}

}  // namespace

void JournalFacts::learn(const JournalRecord& record) {
  using Action = JournalRecord::Action;
  const auto digest = oci::Digest::parse(record.digest);
  if (record.action == Action::Manifest && digest.ok()) {
    const auto [it, fresh] = pushed.try_emplace({record.repository, record.digest}, record.at);
    it->second = fresh ? record.at : std::min(it->second, record.at);
    return;
  }
  if (record.action == Action::Delete && digest.ok()) {
    deleted[record.repository][record.digest].push_back({record.at, record.actor});
    return;
  }
  const auto tag = oci::Tag::parse(record.tag);
  const bool moves = record.action == Action::Tag && digest.ok();
  if (tag.ok() && (moves || record.action == Action::Untag)) {
    events[record.repository][record.tag].push_back(
        {*tag, moves ? std::optional(*digest) : std::nullopt, record.at, record.actor});
  }
}

void JournalFacts::conclude() {
  for (auto& [repository, digests] : deleted) {
    for (auto& [digest, deletions] : digests) {
      std::sort(deletions.begin(), deletions.end(), [](const auto& a, const auto& b) { return a.at < b.at; });
    }
  }
  const Deletions none;
  for (auto& [repository, tags] : events) {
    const auto known = deleted.find(repository);
    for (auto& [tag, history] : tags) {
      concludeTag(history, known == deleted.end() ? none : known->second);
    }
  }
}

const JournalFacts::Events* JournalFacts::of(const oci::RepositoryName& repository, const std::string& tag) const {
  const auto tags = events.find(repository.text());
  if (tags == events.end()) {
    return nullptr;
  }
  const auto known = tags->second.find(tag);
  return known == tags->second.end() ? nullptr : &known->second;
}

}  // namespace rha::registry
