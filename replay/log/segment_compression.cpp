#include "replay/log/segment_compression.h"

#include <zstd.h>

#include <algorithm>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "replay/log/compressed_file.h"  // CompressedFile, frame_bytes
#include "replay/log/damage.h"           // damage_error
#include "replay/log/recovery.h"         // hash_of
#include "replay/log/seek_table.h"       // SeekEntry, seek_table
#include "replay/log/segment_reader.h"   // SegmentReader

namespace bourse {
namespace {

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};

class FrameWriter {
 public:
  explicit FrameWriter(DiskFile& to) : to_(to), context_(ZSTD_createCCtx()) {
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, compression_level);
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_checksumFlag, 1);
    out_.resize(ZSTD_compressBound(frame_bytes));
  }

  DiskResult<void> add(std::span<const std::byte> raw) {
    const std::size_t bytes =
        ZSTD_compress2(context_.get(), out_.data(), out_.size(), raw.data(), raw.size());
    if (ZSTD_isError(bytes) != 0) return std::unexpected(ENOMEM);
    entries_.push_back({.compressed_bytes = static_cast<std::uint32_t>(bytes),
                        .bytes = static_cast<std::uint32_t>(raw.size())});
    return put(std::span(out_).first(bytes));
  }
  DiskResult<void> finish() {
    if (auto done = put(seek_table(entries_)); !done) return done;
    return to_.sync();
  }
  std::uint64_t bytes() const { return at_; }

 private:
  DiskResult<void> put(std::span<const std::byte> bytes) {
    auto done = to_.write(bytes, at_);
    at_ += bytes.size();
    return done;
  }

  DiskFile& to_;
  std::unique_ptr<ZSTD_CCtx, FreeContext> context_;
  std::vector<std::byte> out_;
  std::vector<SeekEntry> entries_;
  std::uint64_t at_ = 0;
};

// Whether the file gives back the bytes that had this footer.
Result<void> prove(Disk& disk, const std::filesystem::path& path, const SegmentFooter& footer) {
  auto file = disk.open(path, OpenMode::read);
  if (!file) return std::unexpected(disk_error(file.error(), "opening", path));
  const auto back = CompressedFile::open(std::move(*file), path);
  if (!back) return std::unexpected(back.error());
  SegmentFooter its_footer{};
  const std::uint64_t end = footer.file_bytes - sizeof footer;
  const auto got = (*back)->read(std::as_writable_bytes(std::span(&its_footer, 1)), end);
  const auto hash = hash_of(**back, path, end);
  if (!got || !hash || *(*back)->size() != footer.file_bytes ||
      !std::ranges::equal(std::as_bytes(std::span(&its_footer, 1)),
                          std::as_bytes(std::span(&footer, 1))) ||
      hash->digest() != footer.hash) {
    return std::unexpected(damage_error(
        path, 0, 0, "what was compressed does not come back as the hash of the segment says"));
  }
  return {};
}

// Into `being_made`, which is whole and proven afterwards.
Result<Compressed> compress_into(Disk& disk, const std::filesystem::path& being_made,
                                 const SegmentReader& raw, const std::function<bool()>& goes_on) {
  const SegmentFooter& footer = *raw.footer();
  const auto failed = [&](int error) {
    return std::unexpected(disk_error(error, "compressing into", being_made));
  };
  const auto file = disk.open(being_made, OpenMode::open_or_create);
  if (!file) return failed(file.error());
  if (const auto cut = (*file)->truncate(0); !cut) return failed(cut.error());
  FrameWriter writer(**file);
  std::vector<std::byte> frame(frame_bytes);
  for (std::uint64_t at = 0; at < footer.file_bytes;) {
    if (!goes_on()) {
      return fail(ExitCode::interrupted, "compressing was given up", raw.path().string());
    }
    const std::size_t wanted = std::min<std::uint64_t>(frame.size(), footer.file_bytes - at);
    const auto got = raw.file().read(std::span(frame).first(wanted), at);
    if (!got) return std::unexpected(disk_error(got.error(), "reading", raw.path()));
    if (*got != wanted) {
      return std::unexpected(damage_error(raw.path(), at, footer.file_bytes,
                                          "the segment ends before its footer says"));
    }
    if (const auto put = writer.add(std::span(frame).first(wanted)); !put) {
      return failed(put.error());
    }
    at += wanted;
  }
  if (const auto done = writer.finish(); !done) return failed(done.error());
  if (auto proven = prove(disk, being_made, footer); !proven) {
    return std::unexpected(std::move(proven.error()));
  }
  return Compressed{.raw_bytes = footer.file_bytes, .compressed_bytes = writer.bytes()};
}

}  // namespace

Result<Compressed> compress_segment(Disk& disk, const std::filesystem::path& directory,
                                    const SegmentName& raw, const std::function<bool()>& goes_on) {
  const auto reader = SegmentReader::open(disk, directory, raw);
  if (!reader) return std::unexpected(reader.error());
  SegmentName compressed = raw;
  compressed.compressed = true;
  const auto path = directory / to_string(compressed);
  auto being_made = path;
  being_made += unfinished_suffix;
  auto made = compress_into(disk, being_made, **reader, goes_on);
  if (!made) {
    // Half a file is of no use, and its room may be what is missing.
    static_cast<void>(disk.remove(being_made));
    return made;
  }
  auto named = disk.rename(being_made, path);
  if (named) named = disk.sync_directory(directory);
  if (!named) return std::unexpected(disk_error(named.error(), "naming", path));
  return made;
}

Result<void> remove_segment(Disk& disk, const std::filesystem::path& directory,
                            const SegmentName& name) {
  const auto path = directory / to_string(name);
  auto removed = disk.remove(path);
  if (removed) removed = disk.sync_directory(directory);
  if (!removed) return std::unexpected(disk_error(removed.error(), "removing", path));
  return {};
}

}  // namespace bourse
