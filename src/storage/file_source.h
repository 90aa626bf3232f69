// A BodySource over part of an open file of the filesystem driver; the sender may use sendfile(2) on it.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "base/body_source.h"
#include "base/fd.h"
#include "storage/filesystem_root.h"
#include "storage/storage_driver.h"

namespace rha::storage {

// Takes the open file `path`; without a range all of it. The source reads what was there when the file was opened
// (objects are replaced by rename, never in place) and must not outlive `root`. Throws StorageError(Corrupt) when the
// range does not lie within the file, and from read() when the file is cut meanwhile.
std::unique_ptr<base::BodySource> fileSource(const FilesystemRoot& root, std::string_view path, base::Fd file,
                                             std::optional<ByteRange> range);

}  // namespace rha::storage
