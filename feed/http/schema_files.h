// The FlatBuffers schemas that this build speaks, as files: GET /v1/schema.
//   Shape:  a table in the program, made from schemas/ by the build.
//   Owner:  constants.
#pragma once

#include <span>
#include <string_view>

namespace bourse {

struct SchemaFile {
  std::string_view name;  // "market_data.fbs"
  std::string_view sha256;
  std::string_view text;
};

std::span<const SchemaFile> schema_files();

}  // namespace bourse
