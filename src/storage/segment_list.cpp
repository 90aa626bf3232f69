#include "storage/segment_list.h"

#include <algorithm>

#include "base/text.h"

namespace rha::storage {
namespace {

// Far beyond what a store takes, and small enough to reckon with.
constexpr std::uint64_t kMaxCount = 1'000'000;
constexpr std::uint64_t kMaxSize = std::uint64_t{1} << 40U;

bool isSession(std::string_view text) {
  return text.size() <= 16 &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace

void SegmentList::add(std::uint64_t size, std::string_view session) {
  if (runs_.empty() || runs_.back().size != size || runs_.back().session != session) {
    runs_.push_back({0, size, std::string(session)});
  }
  ++runs_.back().count;
  ++count_;
  bytes_ += size;
}

void SegmentList::removeLast() {
  bytes_ -= runs_.back().size;
  --count_;
  if (--runs_.back().count == 0) {
    runs_.pop_back();
  }
}

std::vector<SegmentList::Segment> SegmentList::segments() const {
  std::vector<Segment> all;
  all.reserve(count_);
  for (const Run& run : runs_) {
    for (std::uint64_t i = 0; i < run.count; ++i) {
      all.push_back({all.size() + 1, run.size, run.session});
    }
  }
  return all;
}

std::string SegmentList::text() const {
  std::string out;
  const Run* before = nullptr;
  for (const Run& run : runs_) {
    out.append(before != nullptr ? "," : "").append(std::to_string(run.count));
    if (before == nullptr || before->size != run.size) {
      out.append("x").append(std::to_string(run.size));
    }
    if (!run.session.empty()) {
      out.append(":").append(run.session);
    }
    before = &run;
  }
  return out;
}

std::optional<SegmentList> SegmentList::parse(std::string_view text) {
  SegmentList list;
  if (text.empty()) {
    return list;
  }
  for (const std::string_view part : base::split(text, ',')) {
    const std::size_t colon = std::min(part.find(':'), part.size());
    const std::size_t times = std::min(part.find('x'), colon);
    const auto count = base::parseUnsigned(part.substr(0, times));
    std::optional<std::uint64_t> size;
    if (times != colon) {
      size = base::parseUnsigned(part.substr(times + 1, colon - times - 1));
    } else if (!list.runs_.empty()) {
      size = list.runs_.back().size;
    }
    const std::string_view session = colon == part.size() ? "" : part.substr(colon + 1);
    if (!count || !size || *count == 0 || *count > kMaxCount || *size > kMaxSize || list.count_ + *count > kMaxCount ||
        !isSession(session)) {
      return std::nullopt;
    }
    list.runs_.push_back({*count, *size, std::string(session)});
    list.count_ += *count;
    list.bytes_ += *count * *size;
  }
  return list;
}

}  // namespace rha::storage
