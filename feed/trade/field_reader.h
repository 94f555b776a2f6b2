// The fields of a request, read one by one: what is absent is empty or 0; the first that is
// not what it should be is kept as the error (bad_type, with its name).
//   Owner:  the session that reads a request; views are valid as long as those of JsonFields.
//   Errors: in the TradeError given; ok() is false from then on.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "feed/control/json_fields.h"  // JsonFields
#include "feed/control/json_writer.h"  // JsonWriter
#include "feed/trade/trade_replies.h"  // TradeError, code_of

namespace bourse {

class FieldReader {
 public:
  FieldReader(const JsonFields& fields, TradeError& error) : fields_(fields), error_(error) {}

  std::string_view text(std::string_view key) {
    const JsonField* const field = fields_.find(key);
    if (field == nullptr) return {};
    if (field->kind != JsonKind::text) return wrong(key, "text"), std::string_view{};
    return field->value;
  }
  // Text, or the digits of a number.
  std::string_view decimal(std::string_view key) {
    const JsonField* const field = fields_.find(key);
    if (field == nullptr) return {};
    if (field->kind != JsonKind::text && field->kind != JsonKind::number)
      return wrong(key, "a decimal"), std::string_view{};
    if (field->value.empty()) wrong(key, "a decimal");
    return field->value;
  }
  std::uint64_t integer(std::string_view key, std::uint64_t highest = INT64_MAX) {
    const JsonField* const field = fields_.find(key);
    if (field == nullptr) return 0;
    const auto value = fields_.integer(*field);
    if (!value || *value > highest) return wrong(key, "an integer in range"), 0;
    return *value;
  }
  bool flag(std::string_view key) {
    const JsonField* const field = fields_.find(key);
    if (field == nullptr) return false;
    if (field->kind != JsonKind::boolean) return wrong(key, "true or false"), false;
    return field->value == "true";
  }
  // A number or a text as JSON again, to be echoed; empty if absent. At most bytes_max bytes.
  std::string echo(std::string_view key, std::size_t bytes_max) {
    const JsonField* const field = fields_.find(key);
    if (field == nullptr) return {};
    const bool is_text = field->kind == JsonKind::text;
    if ((!is_text && field->kind != JsonKind::number) || field->value.size() > bytes_max)
      return wrong(key, "a number or a short text"), std::string{};
    JsonWriter json;
    if (is_text)
      json.text(field->value);
    else
      json.raw(field->value);
    return std::string{json.view()};
  }
  bool has(std::string_view key) const { return fields_.find(key) != nullptr; }
  bool ok() const { return error_.code == 0; }

 private:
  void wrong(std::string_view key, std::string_view expected) {
    if (error_.code != 0) return;
    error_.code = code_of(ControlError::bad_type);
    error_.message = "'" + std::string{key} + "' is not " + std::string{expected};
  }

  const JsonFields& fields_;
  TradeError& error_;
};

}  // namespace bourse
