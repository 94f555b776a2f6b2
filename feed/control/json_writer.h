// JSON text, written front to back into one string. Commas and escapes are its business.
//   Shape:  open('{').key("op").text("pong").close('}') and so on; nothing is checked: the caller
//           writes what the grammar allows.
//   Units:  integers of 64 bits go out as strings (wide()): JavaScript's doubles would round them.
//   Owner:  a value; clear() keeps the memory.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace bourse {

class JsonWriter {
 public:
  JsonWriter& open(char bracket) {
    separate();
    text_ += bracket;
    needs_comma_ = false;
    return *this;
  }
  JsonWriter& close(char bracket) {
    text_ += bracket;
    needs_comma_ = true;
    return *this;
  }
  JsonWriter& key(std::string_view name) {
    separate();
    quote(name);
    text_ += ':';
    needs_comma_ = false;
    return *this;
  }
  JsonWriter& text(std::string_view value) {
    separate();
    quote(value);
    return *this;
  }
  JsonWriter& wide(std::uint64_t value) {
    separate();
    text_ += '"';
    text_ += std::to_string(value);
    text_ += '"';
    return *this;
  }
  JsonWriter& number(std::uint32_t value) { return raw(std::to_string(value)); }
  JsonWriter& boolean(bool value) { return raw(value ? "true" : "false"); }
  // A whole JSON value that somebody else has written.
  JsonWriter& raw(std::string_view json) {
    separate();
    text_ += json;
    return *this;
  }

  std::string_view view() const { return text_; }
  void clear() {
    text_.clear();
    needs_comma_ = false;
  }

 private:
  void separate() {
    if (needs_comma_) text_ += ',';
    needs_comma_ = true;
  }
  void quote(std::string_view value) {
    constexpr std::string_view digits = "0123456789abcdef";
    text_ += '"';
    for (const char c : value) {
      const auto byte = static_cast<unsigned char>(c);
      if (c == '"' || c == '\\') {
        text_ += '\\';
        text_ += c;
      } else if (byte < 0x20) {
        text_ += "\\u00";
        text_ += digits[byte >> 4];
        text_ += digits[byte & 15];
      } else {
        text_ += c;
      }
    }
    text_ += '"';
  }

  std::string text_;
  bool needs_comma_ = false;
};

}  // namespace bourse
