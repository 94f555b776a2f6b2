#include "feed/net/http_message.h"

#include <algorithm>
#include <cctype>

#include "feed/control/json_writer.h"  // JsonWriter

namespace bourse {

namespace {

std::string_view reason_of(unsigned status) {
  switch (status) {
    case 200:
      return "OK";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 410:
      return "Gone";
    case 413:
      return "Payload Too Large";
    case 426:
      return "Upgrade Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    default:
      return "Error";
  }
}

bool same_text(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
    return std::tolower(x) == std::tolower(y);
  });
}

// What a client sent may be any bytes; JSON is UTF-8.
std::string printable(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) > 0x7e) c = '?';
  return out;
}

}  // namespace

std::string head_of(const HttpAnswer& answer, bool keep_alive, bool chunked) {
  std::string head = "HTTP/1.1 " + std::to_string(answer.status) + ' ';
  head += reason_of(answer.status);
  head += "\r\nContent-Type: " + answer.content_type;
  head += chunked ? "\r\nTransfer-Encoding: chunked"
                  : "\r\nContent-Length: " + std::to_string(answer.body.size());
  head += "\r\nCache-Control: " + answer.cache_control;
  head += "\r\nX-Content-Type-Options: nosniff\r\n";
  head += keep_alive ? "Connection: keep-alive\r\n" : "Connection: close\r\n";
  head += answer.headers + "\r\n";
  return head;
}

HttpAnswer http_error(unsigned status, std::string_view name, unsigned code,
                      std::string_view message, std::string_view hint) {
  JsonWriter json;
  json.open('{').key("error").text(name).key("code").number(code);
  json.key("message").text(printable(message)).key("hint").text(hint).close('}');
  HttpAnswer answer;
  answer.status = status;
  answer.body = std::string(json.view()) + '\n';
  return answer;
}

bool origin_allowed(const HttpRequest& request, const std::vector<std::string>& allowed) {
  if (request.origin.empty()) return true;
  constexpr std::string_view scheme = "https://";
  const std::string_view origin = request.origin;
  if (origin.size() > scheme.size() && same_text(origin.substr(0, scheme.size()), scheme) &&
      same_text(origin.substr(scheme.size()), request.host))
    return true;
  return std::any_of(allowed.begin(), allowed.end(), [origin](const std::string& one) {
    return one == "*" || same_text(one, origin);
  });
}

}  // namespace bourse
