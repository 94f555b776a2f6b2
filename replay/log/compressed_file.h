// A sealed segment that was compressed (<segment>.seg.zst), read as if it were still raw.
//   Shape:  zstd frames of frame_bytes_max each, independent and each with its own checksum; behind
//           them a skippable frame with the table of their sizes (the "seekable format" of the zstd
//           project). `zstd -d` gives the raw segment back, byte for byte.
//           A read touches the frames it needs; the last few are kept decompressed.
//   Owner:  any number of threads.
//   Errors: open() says what is damaged; read() answers EBADMSG for a frame that is not sound.
//           It cannot be written to.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <vector>

#include "replay/disk/disk.h"  // DiskFile
#include "replay/result.h"     // Result

namespace bourse {

// Of a frame when decompressed, as we write them; a reader takes up to frame_bytes_max.
inline constexpr std::size_t frame_bytes = std::size_t{128} << 10;
inline constexpr std::size_t frame_bytes_max = std::size_t{1} << 20;

class CompressedFile final : public DiskFile {
 public:
  static Result<std::unique_ptr<CompressedFile>> open(std::unique_ptr<DiskFile> file,
                                                      const std::filesystem::path& path);

  DiskResult<std::uint64_t> size() const override { return size_; }  // decompressed
  DiskResult<void> truncate(std::uint64_t) override { return std::unexpected(EROFS); }
  DiskResult<void> allocate(std::uint64_t, std::uint64_t) override {
    return std::unexpected(EROFS);
  }
  void start_writeback(std::uint64_t, std::uint64_t) override {}
  DiskResult<void> write_back(std::uint64_t, std::uint64_t) override { return {}; }
  DiskResult<void> try_lock() override { return std::unexpected(EROFS); }
  bool is_locked_by_another() const override { return false; }

 private:
  struct Frame {
    std::uint64_t offset;             // decompressed
    std::uint64_t compressed_offset;  // in the file
    std::uint32_t bytes;              // decompressed
    std::uint32_t compressed_bytes;
  };
  struct Decompressed {
    std::size_t frame;
    std::vector<std::byte> bytes;
  };

  CompressedFile(std::unique_ptr<DiskFile> file, std::vector<Frame> frames, std::uint64_t size)
      : file_(std::move(file)), frames_(std::move(frames)), size_(size) {}

  DiskResult<std::shared_ptr<const Decompressed>> frame(std::size_t index) const;
  DiskResult<std::size_t> read_once(std::span<std::byte> into, std::uint64_t offset) const override;
  DiskResult<std::size_t> write_once(std::span<const std::byte>, std::uint64_t) override {
    return std::unexpected(EROFS);
  }
  DiskResult<void> sync_once() override { return std::unexpected(EROFS); }

  static constexpr std::size_t kept_frames = 4;
  const std::unique_ptr<DiskFile> file_;
  const std::vector<Frame> frames_;
  const std::uint64_t size_;
  mutable std::mutex lock_;  // of what follows; not held while decompressing
  mutable std::array<std::shared_ptr<const Decompressed>, kept_frames> kept_;
  mutable std::size_t next_kept_ = 0;
};

}  // namespace bourse
