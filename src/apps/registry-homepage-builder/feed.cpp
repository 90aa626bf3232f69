#include "apps/registry-homepage-builder/feed.h"

#include "apps/registry-homepage-builder/markup.h"

namespace rha::homepage {
namespace {

std::string entry(const Push& push) {
  const std::string reference = escape(push.reference);
  return "<entry>\n<id>docker://" + reference + '@' + push.digest + "</id>\n<title>" + reference +
         "</title>\n<updated>" + base::formatRfc3339(push.at) + "</updated>\n<link href=\"" + escape(push.page) +
         "\"/>\n<summary>" + escape(push.text.empty() ? push.digest : push.text + ", " + push.digest) +
         "</summary>\n</entry>\n";
}

}  // namespace

SiteFile feed(const std::vector<Push>& pushes, const SiteTraits& site) {
  const std::string title = escape(site.title);
  const WallTime updated = pushes.empty() ? WallTime{} : pushes.front().at;
  std::string xml =
      "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\" "
      "xml:lang=\"en\">\n<id>docker://" +
      title + "/</id>\n<title>Recent pushes to " + title + "</title>\n<author><name>" + title +
      "</name></author>\n<updated>" + base::formatRfc3339(updated) +
      "</updated>\n<link rel=\"self\" href=\"feed.atom\"/>\n<link href=\"./\"/>\n";
  for (const Push& push : pushes) {
    xml += entry(push);
  }
  return {"feed.atom", xml + "</feed>\n"};
}

}  // namespace rha::homepage
