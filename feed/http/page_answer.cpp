#include <algorithm>

#include "feed/http/page_files.h"

namespace bourse {

namespace {

// Nothing from elsewhere, nothing inline, in nobody's frame.
constexpr std::string_view page_headers =
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Cross-Origin-Opener-Policy: same-origin\r\n"
    "Vary: Accept, Accept-Encoding\r\n";

// Is this coding named in the list, and not with q=0?
bool accepts(std::string_view list, std::string_view coding) {
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(','), list.size());
    std::string_view one = list.substr(0, end);
    list.remove_prefix(std::min(end + 1, list.size()));
    while (one.starts_with(' ')) one.remove_prefix(1);
    if (!one.starts_with(coding)) continue;
    const std::string_view rest = one.substr(coding.size());
    const std::size_t mark = rest.find("q=0");
    const bool is_refused =
        mark != std::string_view::npos && rest.find_first_of("123456789", mark) == rest.npos;
    if (rest.empty() || rest.starts_with(' ') || rest.starts_with(';')) return !is_refused;
  }
  return false;
}

}  // namespace

const PageFile* find_page_file(std::string_view path) {
  const std::span<const PageFile> files = page_files();
  const auto found = std::find_if(files.begin(), files.end(),
                                  [path](const PageFile& file) { return file.path == path; });
  return found == files.end() ? nullptr : &*found;
}

HttpAnswer page_answer(const PageFile& file, const HttpRequest& request) {
  HttpAnswer answer;
  answer.content_type = file.content_type;
  answer.headers = page_headers;
  answer.headers.append("ETag: ").append(file.etag).append("\r\n");
  const bool has_digest = file.path.starts_with("/page-");
  answer.cache_control = has_digest ? "public, max-age=31536000, immutable" : "no-cache";
  if (request.if_none_match.find(file.etag) != std::string::npos) {
    answer.status = 304;
    return answer;
  }
  std::string_view body = file.plain;
  if (accepts(request.accept_encoding, "br")) {
    body = file.brotli;
    answer.headers += "Content-Encoding: br\r\n";
  } else if (accepts(request.accept_encoding, "gzip")) {
    body = file.gzip;
    answer.headers += "Content-Encoding: gzip\r\n";
  }
  answer.body = body;
  return answer;
}

}  // namespace bourse
