// The trading page as the build has put it into the binary: every file pre-compressed.
//   Shape:  a constant table. clients/web/build.mjs writes its source; without Node it is empty.
//   Owner:  nobody, it lives as long as the process.
//   Errors: none.
#pragma once

#include <span>
#include <string_view>

#include "feed/net/http_message.h"  // HttpRequest, HttpAnswer

namespace bourse {

struct PageFile {
  std::string_view
      path;  // "/" or "/page-0a1b2c3d.js": a name with a digest never changes its content
  std::string_view content_type;
  std::string_view etag;  // with its quotes
  std::string_view plain;
  std::string_view gzip;
  std::string_view brotli;
};

std::span<const PageFile> page_files();

// nullptr: there is none at this path.
const PageFile* find_page_file(std::string_view path);

// In the best encoding that the client takes; 304 if the client has it already.
HttpAnswer page_answer(const PageFile& file, const HttpRequest& request);

}  // namespace bourse
