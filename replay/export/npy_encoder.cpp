#include "replay/export/npy_encoder.h"

#include <fmt/format.h>

#include <array>
#include <cstring>
#include <type_traits>

#include "matching/check.h"             // CHECK
#include "replay/export/row_columns.h"  // columns

namespace bourse {
namespace {

constexpr std::size_t head_alignment = 64;  // as numpy wants it
constexpr std::size_t count_digits = 20;

// The dtype of a row, spelt as numpy reads it.
class TypeText {
 public:
  template <class T>
  void operator()(std::string_view name, const T&) {
    add(name, type_of<T>());
  }
  void levels(std::span<const LevelPair> pairs) {
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      for (const char* name : {"bid_px", "ask_px"}) add(fmt::format("{}_{:02}", name, i), "<i8");
      for (const char* name : {"bid_sz", "ask_sz"}) add(fmt::format("{}_{:02}", name, i), "<u8");
      for (const char* name : {"bid_ct", "ask_ct"}) add(fmt::format("{}_{:02}", name, i), "<u4");
    }
  }
  const std::string& text() const { return text_; }

 private:
  template <class T>
  static std::string type_of() {
    if constexpr (std::is_array_v<T>) return fmt::format("|S{}", sizeof(T));
    if constexpr (std::is_same_v<T, char>) return "|S1";
    if constexpr (std::is_same_v<T, PriceE9>) return "<i8";
    if constexpr (std::is_same_v<T, TimeNs>) return "<u8";
    if constexpr (std::is_same_v<T, QuantityLots>) return "<u8";
    if constexpr (std::is_integral_v<T> && !std::is_same_v<T, char>) {
      return fmt::format("{}{}{}", sizeof(T) == 1 ? '|' : '<', std::is_signed_v<T> ? 'i' : 'u',
                         sizeof(T));
    }
  }
  void add(std::string_view name, std::string_view type) {
    text_ += fmt::format("('{}', '{}'), ", name, type);
  }

  std::string text_;
};

// The bytes of a row, one column behind the other.
class Packed {
 public:
  explicit Packed(std::string& out) : out_(out) {}
  template <class T>
  void operator()(std::string_view, const T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    out_.append(reinterpret_cast<const char*>(&value), sizeof(T));
  }
  void levels(std::span<const LevelPair> pairs) {
    static_assert(sizeof(LevelPair) == 40, "packed as TypeText says");
    out_.append(reinterpret_cast<const char*>(pairs.data()), pairs.size_bytes());
  }

 private:
  std::string& out_;
};

template <class Row>
std::string type_text() {
  static const Row example{};
  TypeText types;
  columns(example, types);
  return types.text();
}

std::string type_text(ExportSchema schema) {
  switch (schema) {
    case ExportSchema::mbo:
      return type_text<MboRow>();
    case ExportSchema::trades:
      return type_text<TradeRow>();
    case ExportSchema::mbp_1:
    case ExportSchema::tbbo:
      return type_text<DepthRow<1>>();
    case ExportSchema::mbp_10:
      return type_text<DepthRow<10>>();
    case ExportSchema::bbo_1s:
      return type_text<BboRow>();
    case ExportSchema::definition:
      return type_text<DefinitionRow>();
    case ExportSchema::status:
      return type_text<StatusRow>();
    case ExportSchema::imbalance:
      return type_text<ImbalanceRow>();
    default:
      return type_text<BarRow>();
  }
}

class NpyEncoder final : public RowEncoder {
 public:
  explicit NpyEncoder(const ExportScope& scope)
      : RowEncoder(scope), types_(type_text(scope.schema)) {}

  void begin(std::span<const ExportInstrument>, std::string& out) override { out += head(0); }

  bool encode(const RowRef& row, std::string& out) override {
    std::visit(
        [&out](const auto* r) {
          if constexpr (std::is_same_v<decltype(r), const LevelRow*>) {
            CHECK(false);
          } else {
            Packed packed(out);
            columns(*r, packed);
          }
        },
        row);
    return true;
  }

  std::string head(std::uint64_t rows) const override {
    const std::string text =
        fmt::format("{{'descr': [{}], 'fortran_order': False, 'shape': ({:>{}},), }}", types_, rows,
                    count_digits);
    constexpr std::size_t prefix = 10;
    const std::size_t bytes =
        (prefix + text.size() + 1 + head_alignment - 1) / head_alignment * head_alignment;
    const auto rest = static_cast<std::uint16_t>(bytes - prefix);
    std::string out("\x93NUMPY\x01\x00", 8);
    out.append(reinterpret_cast<const char*>(&rest), sizeof rest);
    out += text;
    out.append(bytes - out.size() - 1, ' ');
    out += '\n';
    return out;
  }

 private:
  const std::string types_;
};

}  // namespace

std::unique_ptr<RowEncoder> make_npy_encoder(const ExportScope& scope) {
  return std::make_unique<NpyEncoder>(scope);
}

}  // namespace bourse
