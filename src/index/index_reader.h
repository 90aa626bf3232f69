// IndexReader: reads the index of a registryd, whether that runs or not, from another process. Changes nothing.
//
// Thread-safe after open(). Each read sees one state of the file; two reads may see different ones. Failure:
// IndexError.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "index/index.h"
#include "index/reader_pool.h"

namespace rha::index {

// There is an index, and registryd is still making it.
class IndexIncomplete final : public IndexError {
 public:
  using IndexError::IndexError;
};

class IndexReader final {
 public:
  // For `path` see index_files.h. `connections`: how many threads read at once.
  IndexReader(std::filesystem::path path, unsigned connections);

  // Throws, with what to do, if there is no index, if it is of another version, or (IndexIncomplete) not complete: a
  // list made from it would lack images. May be called again then.
  void open();

  std::vector<RepositoryRow> repositories(const Page& page, const Visibility& visibility);
  std::vector<TagRow> tags(const RepositoryName& repository, const Page& page);
  std::vector<ManifestRow> manifests(const RepositoryName& repository, const Page& page);

 private:
  const std::filesystem::path path_;
  const unsigned connections_;
  ReaderPool readers_;
};

}  // namespace rha::index
