// The names of an export: file formats and schemas, as the command line and manifests spell them.
//   Owner:  pure functions.
//   Errors: nullopt for a name that is none.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "replay/dbn/dbn_format.h"  // dbn::Schema

namespace bourse {

enum class ExportFormat : std::uint8_t { dbn = 1, csv = 2, tardis_csv = 3, npy = 4, jsonl = 5 };

// A schema is named and numbered as in DBN.
using ExportSchema = dbn::Schema;

std::optional<ExportFormat> parse_export_format(std::string_view name);
std::string_view name_of(ExportFormat format);

std::optional<ExportSchema> parse_export_schema(std::string_view name);
std::string_view name_of(ExportSchema schema);

inline constexpr std::string_view export_formats_text = "dbn, csv, tardis-csv, npy or jsonl";
inline constexpr std::string_view export_schemas_text =
    "mbo, mbp-1, mbp-10, trades, tbbo, bbo-1s, ohlcv-1s, ohlcv-1m, ohlcv-1h, ohlcv-1d, definition, "
    "status or imbalance";

}  // namespace bourse
