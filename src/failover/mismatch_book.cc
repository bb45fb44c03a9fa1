// Noting, telling once, forgetting.

#include "failover/mismatch_book.h"

#include <fmt/format.h>

namespace baton::failover {

const Mismatch* MismatchBook::note(Mismatch seen, Instant now) {
  const Key key{seen.instance, seen.keyword, seen.from};
  const auto known = entries_.find(key);
  if (known != entries_.end()) {
    Mismatch& entry = known->second;
    ++entry.count;
    entry.last = now;
    const bool same_lines =
        entry.ours == seen.ours && (seen.theirs.empty() || seen.theirs == entry.theirs);
    const bool same_words = entry.text == seen.text;
    entry.text = std::move(seen.text);
    entry.ours = std::move(seen.ours);
    if (!seen.theirs.empty()) entry.theirs = std::move(seen.theirs);
    if (same_lines && (same_words || now - entry.told < new_words_pause)) return nullptr;
    entry.told = now;
    return &entry;
  }
  if (entries_.size() >= entries_max) return nullptr;
  seen.first = seen.last = seen.told = now;
  seen.count = 1;
  return &entries_.emplace(key, std::move(seen)).first->second;
}

const Mismatch* MismatchBook::note_theirs(const std::string& instance, const std::string& keyword,
                                          const std::string& from, const std::string& theirs) {
  const auto known = entries_.find(Key{instance, keyword, from});
  if (known == entries_.end() || known->second.theirs == theirs) return nullptr;
  known->second.theirs = theirs;
  return &known->second;
}

void MismatchBook::resolve(const std::string& instance, const std::string& keyword,
                           const std::string& from) {
  if (!entries_.empty()) entries_.erase(Key{instance, keyword, from});
}

void MismatchBook::expire(Instant now) {
  std::erase_if(entries_, [now](const auto& entry) { return now - entry.second.last > memory; });
}

std::vector<const Mismatch*> MismatchBook::of(const std::string& instance) const {
  std::vector<const Mismatch*> found;
  for (const auto& [key, entry] : entries_) {
    if (entry.instance == instance) found.push_back(&entry);
  }
  return found;
}

std::string describe(const Mismatch& mismatch) {
  std::string line = fmt::format("({}) {} does not fit {}: {}", mismatch.instance,
                                 mismatch.keyword.empty() ? "something" : mismatch.keyword,
                                 mismatch.from, mismatch.text);
  if (!mismatch.ours.empty()) line += fmt::format("; here {}", mismatch.ours);
  if (!mismatch.theirs.empty()) line += fmt::format("; there {}", mismatch.theirs);
  return line;
}

}  // namespace baton::failover
