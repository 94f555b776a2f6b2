// One JSON object taken apart into its fields, numbers still as the text that was sent: a price of
// 0.1 is never a double.
//   Shape:  at most fields_max fields; strings unescaped; an object or array is kept as raw text.
//   Owner:  one io thread; views are valid until the next parse().
//   Errors: parse() is false for anything but one well-formed object, and error() says why. A field
//           that is absent and one that is null are the same.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bourse {

enum class JsonKind : std::uint8_t { none = 0, text = 1, number = 2, boolean = 3, nested = 4 };

struct JsonField {
  std::string_view key;
  std::string_view value;  // text: unescaped; number, boolean, nested: as sent
  JsonKind kind = JsonKind::none;
};

class JsonFields {
 public:
  static constexpr std::size_t fields_max = 64;

  JsonFields();
  ~JsonFields();

  bool parse(std::string_view json);
  std::string_view error() const { return error_; }

  const JsonField* find(std::string_view key) const;  // nullptr: absent or null
  template <class Call>
  void for_each(Call call) const {
    for (const JsonField& field : fields_) call(field);
  }
  // A non-negative integer, sent as number or as text.
  std::optional<std::uint64_t> integer(const JsonField& field) const;

 private:
  struct Parser;
  bool read(std::string_view json);

  std::unique_ptr<Parser> parser_;
  std::vector<JsonField> fields_;
  std::string error_;
};

}  // namespace bourse
