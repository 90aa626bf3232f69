#include "oci/names.h"

#include <algorithm>

#include "oci/quote.h"

namespace rha::oci {
namespace {

constexpr std::size_t kMaxTagLength = 128;

bool isLowerAlnum(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool isUpper(char c) { return c >= 'A' && c <= 'Z'; }
bool isTagCharacter(char c) { return isLowerAlnum(c) || isUpper(c) || c == '_' || c == '.' || c == '-'; }

bool isSeparator(std::string_view run) {
  return run == "." || run == "_" || run == "__" || run.find_first_not_of('-') == std::string_view::npos;
}

base::Failure<std::string> invalid(std::string_view kind, std::string_view text, std::string_view what) {
  return base::fail(std::string(kind) + ' ' + quote(text) + ": " + std::string(what));
}

std::string atCharacter(std::size_t index, std::string_view what) {
  return "character " + std::to_string(index + 1) + ": " + std::string(what);
}

// What is wrong with the path component text[begin, end); empty if nothing is.
std::string componentProblem(std::string_view text, std::size_t begin, std::size_t end) {
  if (begin == end) {
    return atCharacter(begin, "empty path component");
  }
  std::size_t i = begin;
  while (i < end) {
    const std::size_t run = i;
    while (i < end && (text[i] == '.' || text[i] == '_' || text[i] == '-')) {
      ++i;
    }
    if (i > run && (run == begin || i == end)) {
      return atCharacter(run, "a path component begins and ends with a letter or a digit");
    }
    if (i > run && !isSeparator(text.substr(run, i - run))) {
      return atCharacter(run, "separators are one '.', one or two '_', or any number of '-'");
    }
    if (!isLowerAlnum(text[i])) {
      return atCharacter(i, isUpper(text[i]) ? "upper-case letters are not allowed"
                                             : "only a-z, 0-9, '.', '_', '-' and '/' are allowed");
    }
    while (i < end && isLowerAlnum(text[i])) {
      ++i;
    }
  }
  return {};
}

}  // namespace

base::Result<RepositoryName, std::string> RepositoryName::parse(std::string_view text) {
  constexpr std::string_view kKind = "repository name";
  if (text.empty()) {
    return invalid(kKind, text, "it is empty");
  }
  if (text.size() > kMaxNameLength) {
    return invalid(kKind, text, "it is longer than " + std::to_string(kMaxNameLength) + " characters");
  }
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t end = std::min(text.find('/', begin), text.size());
    const std::string problem = componentProblem(text, begin, end);
    if (!problem.empty()) {
      return invalid(kKind, text, problem);
    }
    begin = end + 1;
  }
  return RepositoryName(std::string(text));
}

base::Result<Tag, std::string> Tag::parse(std::string_view text) {
  constexpr std::string_view kKind = "tag";
  if (text.empty()) {
    return invalid(kKind, text, "it is empty");
  }
  if (text.size() > kMaxTagLength) {
    return invalid(kKind, text, "it is longer than " + std::to_string(kMaxTagLength) + " characters");
  }
  if (text.front() == '.' || text.front() == '-') {
    return invalid(kKind, text, "it begins with a letter, a digit or '_'");
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!isTagCharacter(text[i])) {
      return invalid(kKind, text, atCharacter(i, "only letters, digits, '_', '.' and '-' are allowed"));
    }
  }
  return Tag(std::string(text));
}

base::Result<Reference, Reference::Error> Reference::parse(std::string_view text) {
  if (text.find(':') != std::string_view::npos) {
    auto digest = Digest::parse(text);
    if (!digest) {
      return base::fail(Error{Kind::Digest, digest.error()});
    }
    return Reference(*std::move(digest));
  }
  auto tag = Tag::parse(text);
  if (!tag) {
    return base::fail(Error{Kind::Tag, tag.error()});
  }
  return Reference(*std::move(tag));
}

}  // namespace rha::oci
