// catchUp(): brings the index up to the journal: what a process recorded and changed, and died before the index knew.
//
// At start, before lists are answered; one thread. Throws storage::StorageError and index::IndexError.
#pragma once

#include <cstdint>

#include "index/index.h"
#include "registry/journal.h"
#include "registry/journal_roll.h"
#include "registry/manifests.h"
#include "storage/storage_driver.h"

namespace rha::registry {

// Whether another process of this host may still write: the one that hands over to this one.
enum class OtherWriters : std::uint8_t { Ended, Living };

// Reads every sequence but that of `own` from where the index stands, and the repositories named there again. Returns
// how many repositories these were. Sequences that nobody adds to any more are then over: on storage of this host
// alone, all of them, but while another process lives, where the index stands is left to that, and all is read again
// the next time; on shared storage those that are not on its roll, which `roll` is then given for.
std::uint64_t catchUp(storage::StorageDriver& driver, index::Index& index, Manifests& manifests, const Journal& own,
                      OtherWriters others = OtherWriters::Ended, JournalRoll* roll = nullptr);

// Notes in the index how far `own` is settled, so that the next catchUp() begins there.
void markSettled(index::Index& index, Journal& own);

}  // namespace rha::registry
