#include "app/log_commands/export_manifest.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

#include "app/terminal/json_text.h"  // json_text
#include "replay/text/time_text.h"   // time_text

namespace bourse {
namespace {

constexpr std::size_t piece_bytes = std::size_t{1} << 20;

std::string hexadecimal(const unsigned char* bytes, std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i)
    fmt::format_to(std::back_inserter(out), "{:02x}", bytes[i]);
  return out;
}

std::string instrument_json(const ExportInstrument& instrument) {
  const InstrumentBody& body = instrument.body;
  return fmt::format(R"({{"symbol":{},"instrument_id":{},"tick_size_e9":{},"lot_size":{},)"
                     R"("quantity_exponent":{}}})",
                     json_text(body.symbol_view()), instrument.symbol.value(), body.tick_size_e9,
                     body.lot_size, body.quantity_exponent);
}

}  // namespace

Result<FileDigest> file_digest(const std::filesystem::path& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"),
                                                             std::fclose);
  if (file == nullptr) {
    return fail(ExitCode::io_error, std::string("cannot read again: ") + std::strerror(errno),
                path.string());
  }
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> hash(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  EVP_DigestInit_ex(hash.get(), EVP_sha256(), nullptr);
  FileDigest out;
  std::vector<char> piece(piece_bytes);
  while (const std::size_t bytes = std::fread(piece.data(), 1, piece.size(), file.get())) {
    EVP_DigestUpdate(hash.get(), piece.data(), bytes);
    out.bytes += bytes;
  }
  if (std::ferror(file.get()) != 0) {
    return fail(ExitCode::io_error, std::string("cannot read again: ") + std::strerror(errno),
                path.string());
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  EVP_DigestFinal_ex(hash.get(), digest.data(), &size);
  out.sha256 = hexadecimal(digest.data(), size);
  return out;
}

Result<std::string> export_manifest(const ExportReport& report, const Log& log) {
  const JournalSurvey& survey = report.survey;
  const Uuid& id = log.journal_id();
  std::string out;
  const auto to = std::back_inserter(out);
  fmt::format_to(to, R"({{"manifest":1,"journal":{},"journal_id":"{}","format":"{}",)",
                 json_text(log.directory().string()), hexadecimal(id.bytes.data(), id.bytes.size()),
                 name_of(report.scope.format));
  fmt::format_to(to, R"("schema":"{}","size_unit_lots":{},)", name_of(report.scope.schema),
                 report.scope.size_unit);
  fmt::format_to(to, R"("first_sequence":{},"last_sequence":{},)", survey.first.value(),
                 survey.last.value());
  fmt::format_to(to, R"("first_time_ns":{},"last_time_ns":{},"first_time":"{}","last_time":"{}",)",
                 survey.first_time.value(), survey.last_time.value(), time_text(survey.first_time),
                 time_text(survey.last_time));
  fmt::format_to(to, R"("transactions":{},"events":{},"rows":{},"busts_left_out":{},)",
                 survey.transactions, report.events, report.rows, report.left_out);
  out += "\"instruments\":[";
  const char* comma = "";
  for (const ExportInstrument& instrument : report.scope.instruments) {
    out += std::exchange(comma, ",");
    out += instrument_json(instrument);
  }
  out += "],\"files\":[";
  comma = "";
  for (const ExportedFile& file : report.files) {
    const auto digest = file_digest(file.path);
    if (!digest) return std::unexpected(digest.error());
    fmt::format_to(to,
                   R"({}{{"path":{},"rows":{},"first_sequence":{},"last_sequence":{},"bytes":{},)"
                   R"("sha256":"{}"}})",
                   std::exchange(comma, ","), json_text(file.path.filename().string()), file.rows,
                   file.first.value(), file.last.value(), digest->bytes, digest->sha256);
  }
  out += "]}\n";
  return out;
}

}  // namespace bourse
