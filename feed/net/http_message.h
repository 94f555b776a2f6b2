// One HTTP request to the feed's port and the answer to it, free of any HTTP library.
//   Shape:  values. The head of an answer is written by head_of(); bodies are small and whole.
//   Owner:  a request belongs to its session until it is answered.
//   Errors: none.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace bourse {

struct HttpRequest {
  std::string method;  // "GET"
  std::string path;    // "/v1/md", without the query
  std::string query;   // behind the '?'
  std::string host;
  std::string origin;                     // set by browsers
  std::string accept;                     // content types, as sent
  std::string accept_encoding;            // as sent
  std::string if_none_match;              // as sent
  std::string last_event_id;              // of an EventSource that comes back
  std::vector<std::string> subprotocols;  // offered, in the client's order
  bool is_upgrade = false;                // asks for a websocket
  bool keep_alive = true;
  bool is_http11 = true;  // else 1.0: no websockets, no answers in pieces
};

struct HttpAnswer {
  unsigned status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::string headers;  // further ones, each ending in \r\n
  std::string cache_control = "no-store";
};

// Status line and headers, up to and with the empty line. `chunked`: the body follows in pieces.
std::string head_of(const HttpAnswer& answer, bool keep_alive, bool chunked = false);

// {"error":name,"code":code,"message":...,"hint":...} with a line end.
HttpAnswer http_error(unsigned status, std::string_view name, unsigned code,
                      std::string_view message, std::string_view hint);

// May a page of this origin open a websocket here? No origin: no browser, yes. Else its authority
// must be the host that was asked, or the list must name it ("*": every page).
bool origin_allowed(const HttpRequest& request, const std::vector<std::string>& allowed);

}  // namespace bourse
