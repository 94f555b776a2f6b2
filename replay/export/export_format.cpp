#include "replay/export/export_format.h"

#include <array>
#include <utility>

namespace bourse {
namespace {

constexpr std::array<std::pair<ExportFormat, std::string_view>, 5> formats{{
    {ExportFormat::dbn, "dbn"},
    {ExportFormat::csv, "csv"},
    {ExportFormat::tardis_csv, "tardis-csv"},
    {ExportFormat::npy, "npy"},
    {ExportFormat::jsonl, "jsonl"},
}};

constexpr std::array<std::pair<ExportSchema, std::string_view>, 13> schemas{{
    {ExportSchema::mbo, "mbo"},
    {ExportSchema::mbp_1, "mbp-1"},
    {ExportSchema::mbp_10, "mbp-10"},
    {ExportSchema::tbbo, "tbbo"},
    {ExportSchema::trades, "trades"},
    {ExportSchema::bbo_1s, "bbo-1s"},
    {ExportSchema::ohlcv_1s, "ohlcv-1s"},
    {ExportSchema::ohlcv_1m, "ohlcv-1m"},
    {ExportSchema::ohlcv_1h, "ohlcv-1h"},
    {ExportSchema::ohlcv_1d, "ohlcv-1d"},
    {ExportSchema::definition, "definition"},
    {ExportSchema::status, "status"},
    {ExportSchema::imbalance, "imbalance"},
}};

template <class Names, class Value>
std::string_view find_name(const Names& names, Value value) {
  for (const auto& [known, name] : names) {
    if (known == value) return name;
  }
  return "unknown";
}

template <class Names>
auto find_value(const Names& names, std::string_view wanted) {
  using Value = std::remove_cvref_t<decltype(names.front().first)>;
  for (const auto& [value, name] : names) {
    if (name == wanted) return std::optional<Value>(value);
  }
  return std::optional<Value>();
}

}  // namespace

std::optional<ExportFormat> parse_export_format(std::string_view name) {
  return find_value(formats, name);
}
std::string_view name_of(ExportFormat format) { return find_name(formats, format); }

std::optional<ExportSchema> parse_export_schema(std::string_view name) {
  return find_value(schemas, name);
}
std::string_view name_of(ExportSchema schema) { return find_name(schemas, schema); }

}  // namespace bourse
