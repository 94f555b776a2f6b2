// Files that were written compressed, in several frames, and read again line by line.

#include "replay/import/line_reader.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "replay/export/output_file.h"  // OutputFile
#include "tests/test_seed.h"            // test_seed

namespace bourse {
namespace {

class LineReaderTest : public ::testing::Test {
 protected:
  LineReaderTest()
      : folder_(std::filesystem::temp_directory_path() /
                ("bourse_line_reader_" + std::to_string(::getpid()))) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  ~LineReaderTest() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path folder_;
};

TEST_F(LineReaderTest, LinesOfAnyLengthComeBackFromPlainAndCompressedFiles) {
  std::mt19937_64 random(test_seed());
  std::vector<std::string> lines;
  for (int i = 0; i < 200; ++i) {
    const std::size_t most = i % 50 == 0 ? 3'000'000 : 500;
    std::string line(random() % most, ' ');
    for (char& c : line) c = static_cast<char>('a' + random() % 26);
    lines.push_back(line);
  }
  for (const char* name : {"lines.txt", "lines.txt.zst"}) {
    auto file = OutputFile::create(folder_ / name, false);
    ASSERT_TRUE(file) << file.error().text();
    for (std::size_t i = 0; i < lines.size(); ++i) {
      (*file)->buffer() += lines[i];
      if (i + 1 < lines.size()) (*file)->buffer() += '\n';
      ASSERT_TRUE((*file)->settle());
      if (i % 40 == 39) {
        ASSERT_TRUE((*file)->park());
      }
    }
    ASSERT_TRUE((*file)->finish());
    auto input = InputFile::open(folder_ / name);
    ASSERT_TRUE(input) << input.error().text();
    LineReader reader(std::move(*input));
    std::uint64_t offset = 0;
    for (const std::string& line : lines) {
      ASSERT_EQ(reader.next(), LineReader::Next::line);
      ASSERT_EQ(reader.line(), line);
      ASSERT_EQ(reader.offset(), offset);
      offset += line.size() + 1;
    }
    EXPECT_FALSE(reader.is_ended()) << "the last line has no newline";
    EXPECT_EQ(reader.next(), LineReader::Next::end);
  }
}

TEST_F(LineReaderTest, AFileThatIsNotFinishedLeavesNothing) {
  {
    auto file = OutputFile::create(folder_ / "x.csv", false);
    ASSERT_TRUE(file);
    (*file)->buffer() += "half";
    ASSERT_TRUE((*file)->park());
    EXPECT_FALSE(std::filesystem::exists(folder_ / "x.csv"));
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

}  // namespace
}  // namespace bourse
