#include "apps/registry-homepage-builder/site_build.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <thread>

#include "apps/registry-homepage-builder/assets.h"
#include "apps/registry-homepage-builder/feed.h"
#include "apps/registry-homepage-builder/image_pages.h"
#include "apps/registry-homepage-builder/kept_page.h"
#include "apps/registry-homepage-builder/listing_pages.h"
#include "apps/registry-homepage-builder/markup.h"
#include "base/lock_guarded.h"

namespace rha::homepage {
namespace {

constexpr std::size_t kFailuresReported = 1000;

bool newerPush(const Push& a, const Push& b) { return a.at != b.at ? a.at > b.at : a.reference < b.reference; }

// What the threads bring together.
struct Harvest {
  std::vector<Summary> summaries;
  std::vector<Push> pushes;
  std::vector<std::string> failures;
  std::size_t failed = 0;
  std::size_t tags = 0;
  std::exception_ptr fault;  // of a thread: the build is over

  void addPushes(std::vector<Push> more) {
    std::move(more.begin(), more.end(), std::back_inserter(pushes));
    if (pushes.size() > 8 * kPushesInFeed) {
      trimPushes();
    }
  }
  void trimPushes() {
    std::sort(pushes.begin(), pushes.end(), newerPush);
    pushes.erase(pushes.begin() + static_cast<std::ptrdiff_t>(std::min(pushes.size(), kPushesInFeed)), pushes.end());
  }
  void addFailure(std::string text) {
    ++failed;
    if (failures.size() < kFailuresReported) {
      failures.push_back(std::move(text));
    }
  }
};

class Build final {
 public:
  Build(Source& source, SiteTree& tree, const BuildSettings& settings, const base::Clock& clock,
        const base::Logger& logger)
      : source_(source), tree_(tree), settings_(settings), clock_(clock), logger_(logger) {}

  BuildReport run() {
    names_ = source_.repositories();
    logger_.debug("images_listed", {{"images", names_.size()}});
    std::vector<std::thread> threads;
    const std::size_t wanted = std::clamp<std::size_t>(names_.size(), 1, std::max(settings_.threads, 1U));
    for (std::size_t i = 0; i < wanted; ++i) {
      threads.emplace_back([this] { work(); });
      pthread_setname_np(threads.back().native_handle(), ("page-" + std::to_string(i)).c_str());
    }
    for (std::thread& thread : threads) {
      thread.join();
    }
    return finish();
  }

 private:
  void work() noexcept {
    try {
      while (!stop_) {
        const std::size_t place = next_++;
        if (place >= names_.size()) {
          return;
        }
        makePages(names_[place]);
      }
    } catch (...) {
      stop_ = true;
      harvest_.lock()->fault = std::current_exception();
    }
  }

  void makePages(const RepositoryName& name) {
    auto repository = source_.read(name);
    if (!repository) {
      keepOld(name, repository.error());
      return;
    }
    const auto view = viewOf(std::move(*repository));
    if (!view) {
      return;
    }
    ImagePages pages = imagePages(*view, settings_.site);
    for (const SiteFile& file : pages.files) {
      tree_.write(file);
    }
    logger_.debug("image", {{"image", name.text()}, {"tags", pages.summary.tags}, {"files", pages.files.size()}});
    auto harvest = harvest_.lock();
    harvest->tags += pages.summary.tags;
    harvest->summaries.push_back(std::move(pages.summary));
    harvest->addPushes(std::move(pages.pushes));
  }

  void keepOld(const RepositoryName& name, const std::string& error) {
    const std::string folder = pageFolder(name);
    const auto json = tree_.before(folder + "index.json");
    auto summary = json ? keptSummary(*json, name) : std::nullopt;
    const bool kept = summary && tree_.keep(folder);
    logger_.error("image_failed", {{"image", name.text()}, {"error", error}, {"kept_page", kept}});
    auto harvest = harvest_.lock();
    harvest->addFailure(name.text() + ": " + error);
    if (kept) {
      harvest->tags += summary->tags;
      harvest->summaries.push_back(std::move(*summary));
    }
  }

  BuildReport finish() {
    auto harvest = harvest_.lock();
    if (harvest->fault) {
      std::rethrow_exception(harvest->fault);
    }
    const bool nothing = harvest->failed == names_.size();
    for (std::string& failure : source_.failures()) {
      harvest->addFailure(std::move(failure));
    }
    if (nothing && harvest->failed > 0) {
      throw std::runtime_error("not one image can be read, the site stays as it was: " + harvest->failures.front());
    }
    harvest->trimPushes();
    BuildReport report{.images = harvest->summaries.size(),
                       .tags = harvest->tags,
                       .failures = std::move(harvest->failures),
                       .failed = harvest->failed,
                       .files = {}};
    std::sort(report.failures.begin(), report.failures.end());
    listingPages(std::move(harvest->summaries), settings_.site, [this](const SiteFile& file) { tree_.write(file); });
    tree_.write(feed(harvest->pushes, settings_.site));
    tree_.write({"style.css", settings_.styleSheet ? *settings_.styleSheet : std::string(assets::kStyleSheet)});
    tree_.write({"site.js", std::string(assets::kScript)});
    tree_.write({"icon.svg", std::string(assets::kIcon)});
    tree_.write(status(report));
    report.files = tree_.putInPlace();
    return report;
  }

  // The only file that says when the site was built. No error texts: they are for the operator's log.
  [[nodiscard]] SiteFile status(const BuildReport& report) const {
    const nlohmann::ordered_json document{{"built", base::formatRfc3339(clock_.now())},
                                          {"images", report.images},
                                          {"tags", report.tags},
                                          {"failed", report.failed}};
    return {"status.json", document.dump() + '\n'};
  }

  Source& source_;
  SiteTree& tree_;
  const BuildSettings& settings_;
  const base::Clock& clock_;
  const base::Logger& logger_;
  std::vector<RepositoryName> names_;
  std::atomic<std::size_t> next_{0};
  std::atomic<bool> stop_{false};
  base::LockGuarded<Harvest> harvest_;
};

}  // namespace

BuildReport buildSite(Source& source, SiteTree& tree, const BuildSettings& settings, const base::Clock& clock,
                      const base::Logger& logger) {
  return Build(source, tree, settings, clock, logger).run();
}

}  // namespace rha::homepage
