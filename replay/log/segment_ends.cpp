#include "replay/log/segment_ends.h"

#include <span>

#include <fmt/format.h>

#include "replay/log/crc32c.h"          // crc32c
#include "replay/log/damage.h"          // damage_error
#include "replay/log/segment_reader.h"  // finish_header, finish_footer

namespace bourse {
namespace {

template <class T>
std::uint32_t crc_before_last_field(const T& value) {
  return crc32c(0, std::as_bytes(std::span(&value, 1)).first(offsetof(T, crc32c)));
}

}  // namespace

Result<SegmentHeader> read_header(const DiskFile& file, const std::filesystem::path& path) {
  SegmentHeader header{};
  const auto got = file.read(std::as_writable_bytes(std::span(&header, 1)), 0);
  if (!got) return std::unexpected(disk_error(got.error(), "reading", path));
  if (*got < sizeof header) {
    return std::unexpected(
        damage_error(path, *got, sizeof header, "the file ends inside of the segment's header"));
  }
  if (header.magic != segment_magic) {
    // A start that was zeroed or garbled would look the same; the name says it was ours.
    return std::unexpected(
        damage_error(path, 0, sizeof header.magic, "it does not begin like a segment of a log"));
  }
  if (header.major != format_major) {
    return fail(ExitCode::bad_config,
                fmt::format("the log is written in format {}.{}, this program reads {}.x",
                            header.major, header.minor, format_major),
                path.string(), "use the version of bourse that wrote it");
  }
  if (crc_before_last_field(header) != header.crc32c ||
      header.header_bytes != segment_header_bytes) {
    return std::unexpected(
        damage_error(path, 0, segment_header_bytes, "the header of the segment is not sound"));
  }
  if (header.features_incompatible != 0) {
    return fail(ExitCode::bad_config,
                fmt::format("the log uses features that this program does not know ({:#x})",
                            header.features_incompatible),
                path.string(), "use the version of bourse that wrote it, or a later one");
  }
  return header;
}

Result<void> check_name(const SegmentHeader& header, const std::filesystem::path& path,
                        const SegmentName& name) {
  if (header.base_sequence == name.base && header.epoch == name.epoch) return {};
  SegmentName right = name;
  right.base = header.base_sequence;
  right.epoch = header.epoch;
  return std::unexpected(damage_error(
      path, 0, 0, fmt::format("by its header the segment is called {}", to_string(right))));
}

Result<SegmentFooter> read_footer(const DiskFile& file, const std::filesystem::path& path,
                                  const SegmentHeader& header) {
  const auto size = file.size();
  if (!size) return std::unexpected(disk_error(size.error(), "asking for the size of", path));
  SegmentFooter footer{};
  if (*size < segment_header_bytes + sizeof(SealRecord) + sizeof footer) {
    return std::unexpected(damage_error(path, *size, 0, "the sealed segment has been cut"));
  }
  const std::uint64_t at = *size - sizeof footer;
  const auto got = file.read(std::as_writable_bytes(std::span(&footer, 1)), at);
  if (!got) return std::unexpected(disk_error(got.error(), "reading", path));
  const bool sound = *got == sizeof footer && footer.magic == footer_magic &&
                     crc_before_last_field(footer) == footer.crc32c;
  if (!sound) {
    return std::unexpected(
        damage_error(path, at, *size, "the footer of the sealed segment is not sound"));
  }
  const std::uint64_t index_end =
      footer.index_offset + std::uint64_t{footer.index_count} * sizeof(IndexEntry);
  if (footer.file_bytes != *size || index_end != at ||
      footer.seal_offset + sizeof(SealRecord) != footer.index_offset ||
      footer.last_sequence < header.base_sequence) {
    return std::unexpected(
        damage_error(path, at, *size, "the sealed segment is not as long as its footer says"));
  }
  return footer;
}

void finish_header(SegmentHeader& header) {
  header.magic = segment_magic;
  header.major = format_major;
  header.minor = format_minor;
  header.header_bytes = segment_header_bytes;
  header.index_every = index_every_bytes;
  header.crc32c = crc_before_last_field(header);
}

void finish_footer(SegmentFooter& footer) {
  footer.magic = footer_magic;
  footer.crc32c = crc_before_last_field(footer);
}

}  // namespace bourse
