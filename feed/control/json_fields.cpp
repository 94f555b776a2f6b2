#include "feed/control/json_fields.h"

#include <simdjson.h>

#include <charconv>
#include <utility>

namespace bourse {
namespace ondemand = simdjson::ondemand;

struct JsonFields::Parser {
  ondemand::parser parser;
  std::string bytes;  // the message and the padding that simdjson reads beyond it
};

JsonFields::JsonFields() : parser_(std::make_unique<Parser>()) {}
JsonFields::~JsonFields() = default;

bool JsonFields::parse(std::string_view json) {
  fields_.clear();
  error_.clear();
  if (!simdjson::validate_utf8(json.data(), json.size())) {
    error_ = "the text is not UTF-8";
    return false;
  }
  if (read(json)) return true;
  fields_.clear();
  if (error_.empty()) error_ = "the text is not one well-formed JSON object";
  return false;
}

bool JsonFields::read(std::string_view json) {
  std::string& bytes = parser_->bytes;
  bytes.assign(json);
  bytes.append(simdjson::SIMDJSON_PADDING, '\0');
  ondemand::document document;
  if (parser_->parser.iterate(bytes.data(), json.size(), bytes.size()).get(document) !=
      simdjson::SUCCESS)
    return false;
  ondemand::object object;
  if (document.get_object().get(object) != simdjson::SUCCESS) return false;
  for (auto entry : object) {
    ondemand::field field;
    JsonField out;
    if (std::move(entry).get(field) != simdjson::SUCCESS) return false;
    if (field.unescaped_key().get(out.key) != simdjson::SUCCESS) return false;
    ondemand::json_type type{};
    if (field.value().type().get(type) != simdjson::SUCCESS) return false;
    switch (type) {
      case ondemand::json_type::string:
        out.kind = JsonKind::text;
        if (field.value().get_string().get(out.value) != simdjson::SUCCESS) return false;
        break;
      case ondemand::json_type::number: {
        out.kind = JsonKind::number;
        out.value = field.value().raw_json_token();
        double unused = 0;  // only to have the token checked: 1.2.3 is no number
        if (field.value().get_double().get(unused) != simdjson::SUCCESS) return false;
        break;
      }
      case ondemand::json_type::boolean: {
        out.kind = JsonKind::boolean;
        bool value = false;
        if (field.value().get_bool().get(value) != simdjson::SUCCESS) return false;
        out.value = value ? "true" : "false";
        break;
      }
      case ondemand::json_type::null: {
        bool is_null = false;  // `nil` looks like it too, and must not be an exception
        if (field.value().is_null().get(is_null) != simdjson::SUCCESS || !is_null) return false;
        continue;
      }
      case ondemand::json_type::object: {
        out.kind = JsonKind::nested;
        ondemand::object nested;
        if (field.value().get_object().get(nested) != simdjson::SUCCESS ||
            nested.raw_json().get(out.value) != simdjson::SUCCESS)
          return false;
        break;
      }
      case ondemand::json_type::array: {
        out.kind = JsonKind::nested;
        ondemand::array nested;
        if (field.value().get_array().get(nested) != simdjson::SUCCESS ||
            nested.raw_json().get(out.value) != simdjson::SUCCESS)
          return false;
        break;
      }
    }
    while (!out.value.empty() && out.kind == JsonKind::number &&
           (out.value.back() == ' ' || out.value.back() == '\n' || out.value.back() == '\r' ||
            out.value.back() == '\t'))
      out.value.remove_suffix(1);
    if (fields_.size() == fields_max) {
      error_ = "the object has more than 64 fields";
      return false;
    }
    fields_.push_back(out);
  }
  // Nothing may follow the object.
  return document.current_location().error() == simdjson::OUT_OF_BOUNDS;
}

const JsonField* JsonFields::find(std::string_view key) const {
  for (const JsonField& field : fields_)
    if (field.key == key) return &field;
  return nullptr;
}

std::optional<std::uint64_t> JsonFields::integer(const JsonField& field) const {
  if (field.kind != JsonKind::number && field.kind != JsonKind::text) return std::nullopt;
  std::uint64_t value = 0;
  const char* const end = field.value.data() + field.value.size();
  const auto [stop, error] = std::from_chars(field.value.data(), end, value);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return value;
}

}  // namespace bourse
