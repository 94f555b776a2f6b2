// The reader of ITCH files: real files, torn files, foreign files.

#include "replay/itch/itch_reader.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/data_folder.h"  // data_folder, data_missing

namespace bourse {
namespace {

using Bytes = std::vector<std::byte>;
using Next = ItchReader::Next;

Bytes deletes(std::uint64_t count) {
  Bytes bytes;
  for (std::uint64_t i = 0; i < count; ++i) {
    itch::append_framed(
        itch::OrderDelete{.header = {.stock_locate = 1, .tracking_number = 2, .timestamp = {3}},
                          .order_reference_number = i},
        bytes);
  }
  return bytes;
}

std::uint64_t count_of(const ItchReader& reader, char type) {
  return reader.counts()[static_cast<unsigned char>(type)];
}

class TemporaryFile {
 public:
  explicit TemporaryFile(const Bytes& bytes)
      : path_(std::filesystem::temp_directory_path() /
              ("bourse_itch_" + std::to_string(::getpid()))) {
    std::ofstream file(path_, std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
  }
  ~TemporaryFile() { std::filesystem::remove(path_); }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

TEST(ItchReader, TheHeadOfARealDayIsItsDirectory) {
  const auto folder = data_folder("itch_head_20191230");
  if (!folder) GTEST_SKIP() << data_missing("itch_head_20191230");
  auto reader = ItchReader::open(*folder / "sample.itch");
  ASSERT_TRUE(reader) << reader.error().text();
  while (reader->next() == Next::message) {
  }
  EXPECT_EQ(reader->next(), Next::end);
  EXPECT_EQ(reader->messages(), 1000u);
  EXPECT_EQ(count_of(*reader, 'S'), 1u);
  EXPECT_EQ(count_of(*reader, 'R'), 993u);
  EXPECT_EQ(count_of(*reader, 'H'), 3u);
  EXPECT_EQ(count_of(*reader, 'Y'), 3u);
  EXPECT_EQ(reader->unknown_messages(), 0u);
  EXPECT_EQ(reader->bytes_done(), reader->bytes_total());
}

TEST(ItchReader, AFileLargerThanTheBufferComesOutWhole) {
  constexpr std::uint64_t count = 150'000;  // 3 MB: messages lie across the ends of the buffer
  const TemporaryFile file(deletes(count));
  auto reader = ItchReader::open(file.path());
  ASSERT_TRUE(reader) << reader.error().text();
  std::uint64_t expected = 0;
  while (reader->next() == Next::message) {
    const auto message = itch::decode<itch::OrderDelete>(reader->message().data());
    ASSERT_EQ(message.order_reference_number, expected);
    ++expected;
  }
  EXPECT_EQ(expected, count);
  EXPECT_EQ(reader->next(), Next::end);
  EXPECT_EQ(reader->bytes_done(), reader->bytes_total());
}

TEST(ItchReader, ATornFileNamesTheByteAndTheMessage) {
  const Bytes bytes = deletes(3);
  const std::size_t third = bytes.size() / 3 * 2;
  for (std::size_t size = third + 1; size < bytes.size(); ++size) {
    auto reader = ItchReader::over(std::span(bytes).first(size), "day.itch");
    EXPECT_EQ(reader.next(), Next::message);
    EXPECT_EQ(reader.next(), Next::message);
    ASSERT_EQ(reader.next(), Next::failed);
    EXPECT_EQ(reader.error().where, "day.itch, byte 42, message 3");
    EXPECT_EQ(reader.error().code, ExitCode::data_damaged);
    EXPECT_EQ(reader.next(), Next::failed) << "a fault stays";
  }
}

TEST(ItchReader, AWrongSizeNamesTheTypeAndBothSizes) {
  Bytes bytes = deletes(1);
  bytes[1] = std::byte{20};
  bytes.push_back(std::byte{0});
  auto reader = ItchReader::over(bytes, "day.itch");
  ASSERT_EQ(reader.next(), Next::failed);
  EXPECT_EQ(reader.error().where, "day.itch, byte 0, message 1");
  EXPECT_EQ(reader.error().what, "a message of type 'D' has 19 bytes, this one has 20");
  EXPECT_EQ(reader.next(), Next::failed);
}

TEST(ItchReader, AnUnknownTypeIsCountedAndSkipped) {
  Bytes bytes = deletes(1);
  for (int byte : {0, 3, int{'?'}, 0, 0}) bytes.push_back(static_cast<std::byte>(byte));
  const Bytes more = deletes(1);
  bytes.insert(bytes.end(), more.begin(), more.end());
  auto reader = ItchReader::over(bytes, "day.itch");
  EXPECT_EQ(reader.next(), Next::message);
  EXPECT_EQ(reader.next(), Next::message);
  EXPECT_EQ(reader.next(), Next::end);
  EXPECT_EQ(reader.messages(), 3u);
  EXPECT_EQ(reader.unknown_messages(), 1u);
  EXPECT_EQ(count_of(reader, 'D'), 2u);
}

TEST(ItchReader, ALengthOfZeroEndsTheSessionAndNothingMayFollow) {
  Bytes bytes = deletes(1);
  bytes.resize(bytes.size() + 2);
  auto reader = ItchReader::over(bytes, "day.itch");
  EXPECT_EQ(reader.next(), Next::message);
  EXPECT_EQ(reader.next(), Next::end);
  EXPECT_EQ(reader.next(), Next::end);

  const TemporaryFile file(bytes);
  auto from_file = ItchReader::open(file.path());
  ASSERT_TRUE(from_file);
  EXPECT_EQ(from_file->next(), Next::message);
  EXPECT_EQ(from_file->next(), Next::end);
  EXPECT_EQ(from_file->next(), Next::end);

  bytes.push_back(std::byte{1});
  auto longer = ItchReader::over(bytes, "day.itch");
  EXPECT_EQ(longer.next(), Next::message);
  EXPECT_EQ(longer.next(), Next::failed);
}

TEST(ItchReader, AnEmptyFileHasNoMessages) {
  auto reader = ItchReader::over({}, "empty");
  EXPECT_EQ(reader.next(), Next::end);
  EXPECT_EQ(reader.messages(), 0u);
}

TEST(ItchReader, AMissingFileAFolderAndACompressedFileAreRefusedWithAHint) {
  const auto missing = ItchReader::open("/no/such/file.itch");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ExitCode::file_missing);
  const auto folder = ItchReader::open(std::filesystem::temp_directory_path());
  ASSERT_FALSE(folder);
  EXPECT_EQ(folder.error().code, ExitCode::file_missing);
  const TemporaryFile gzip({std::byte{0x1f}, std::byte{0x8b}, std::byte{8}});
  const auto compressed = ItchReader::open(gzip.path());
  ASSERT_FALSE(compressed);
  EXPECT_EQ(compressed.error().what, "is compressed with gzip");
  EXPECT_NE(compressed.error().next.find("zcat"), std::string::npos);
}

}  // namespace
}  // namespace bourse
