// `bourse journal` and `bourse diff`: what they print, what they leave on disk and how they end.

#include "app/log_commands/journal_command.h"

#include <gtest/gtest.h>
#include <simdjson.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "app/log_commands/journal_keep_commands.h"  // compact, repair, upgrade
#include "app/log_commands/journal_read_commands.h"  // stats, diff
#include "replay/log/log.h"                          // Log
#include "replay/result.h"                           // ExitCode
#include "tests/replay/sample_transactions.h"        // SampleTransactions

namespace bourse {
namespace {

class JournalCommand : public ::testing::Test {
 protected:
  JournalCommand()
      : folder_(std::filesystem::temp_directory_path() /
                ("bourse_journal_command_" + std::to_string(::getpid()))) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directory(folder_);
    journal_ = (folder_ / "journal").string();
    make(journal_, 2000);
    copy_ = (folder_ / "copy").string();
    std::filesystem::copy(journal_, copy_, std::filesystem::copy_options::recursive);
  }
  ~JournalCommand() override { std::filesystem::remove_all(folder_); }

  // In segments of 64 KiB.
  static void make(const std::string& directory, std::uint64_t transactions) {
    LogOptions options;
    options.directory = directory;
    options.durability = Durability::memory;
    options.segment_bytes = std::uint64_t{64} << 10;
    options.helper_thread = false;
    const auto log = Log::open(options);
    ASSERT_TRUE(log) << log.error().text();
    auto writer = (*log)->tail().writer();
    SampleTransactions samples;
    for (std::uint64_t i = 1; i <= transactions; ++i) {
      ASSERT_TRUE(writer.append(samples.make(i)));
      if (i % 50 == 0) (*log)->journal().step();
    }
    ASSERT_TRUE((*log)->journal().finish());
  }
  std::vector<std::filesystem::path> files(const std::string& suffix) const {
    std::vector<std::filesystem::path> out;
    for (const auto& entry : std::filesystem::directory_iterator(journal_)) {
      if (entry.path().string().ends_with(suffix)) out.push_back(entry.path());
    }
    std::ranges::sort(out);
    return out;
  }
  static void flip_byte(const std::filesystem::path& file, std::streamoff at) {
    std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekg(at);
    const char byte = static_cast<char>(stream.get() ^ 0x40);
    stream.seekp(at);
    stream.put(byte);
  }

  template <class Arguments>
  ExitCode run(int (*command)(const Arguments&), const Arguments& arguments) {
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    const int code = command(arguments);
    out_ = ::testing::internal::GetCapturedStdout();
    err_ = ::testing::internal::GetCapturedStderr();
    return static_cast<ExitCode>(code);
  }
  ExitCode verify(const std::string& format = "table") {
    return run(journal_verify_command, {.directory = journal_, .format = format});
  }
  // Whether every line of what was printed is a JSON object; returns how many there are.
  std::size_t json_lines() {
    std::istringstream lines(out_);
    std::size_t count = 0;
    for (std::string line; std::getline(lines, line); ++count) {
      simdjson::dom::parser parser;
      EXPECT_TRUE(parser.parse(line).is_object()) << line;
    }
    return count;
  }

  std::filesystem::path folder_;
  std::string journal_;
  std::string copy_;
  std::string out_;
  std::string err_;
};

TEST_F(JournalCommand, LsHasALinePerSegment) {
  EXPECT_EQ(run(journal_ls_command, {.directory = journal_}), ExitCode::ok);
  for (const auto& file : files(".seg")) {
    EXPECT_NE(out_.find(file.filename().string()), std::string::npos) << out_;
  }
  EXPECT_EQ(run(journal_ls_command, {.directory = journal_, .format = "json", .hash = true}),
            ExitCode::ok);
  EXPECT_EQ(json_lines(), files(".seg").size() + 1);
  EXPECT_NE(out_.find(R"("hash_sound":true)"), std::string::npos);
}

TEST_F(JournalCommand, VerifyOfASoundJournalSaysSo) {
  EXPECT_EQ(verify(), ExitCode::ok);
  EXPECT_NE(out_.find("sound: "), std::string::npos) << out_;
  EXPECT_NE(out_.find("2000 transactions"), std::string::npos) << out_;
  EXPECT_EQ(verify("json"), ExitCode::ok);
  EXPECT_EQ(json_lines(), files(".seg").size() + 2);  // the open one and the verdict
  EXPECT_NE(out_.find(R"("verdict":"sound")"), std::string::npos) << out_;
  EXPECT_EQ(err_, "");
}

TEST_F(JournalCommand, VerifyNamesTheFaultAndRepairMendsIt) {
  const auto file = files(".seg")[1];
  flip_byte(file, 30'000);
  EXPECT_EQ(verify(), ExitCode::data_damaged);
  EXPECT_NE(out_.find(file.filename().string() + ", bytes "), std::string::npos) << out_;
  EXPECT_EQ(verify("json"), ExitCode::data_damaged);
  json_lines();
  EXPECT_NE(out_.find(R"("finding":"damage")"), std::string::npos) << out_;
  EXPECT_EQ(run(journal_repair_command, {.directory = journal_, .from = copy_}), ExitCode::ok);
  EXPECT_NE(out_.find("mended: " + file.filename().string()), std::string::npos) << out_;
  EXPECT_EQ(files(".damaged.1").size(), 1U);
  EXPECT_EQ(verify(), ExitCode::ok);
  EXPECT_EQ(run(diff_command, {.left = journal_, .right = copy_}), ExitCode::ok) << out_;
}

TEST_F(JournalCommand, StatsCountWhatIsThere) {
  EXPECT_EQ(run(journal_stats_command, {.directory = journal_}), ExitCode::ok);
  EXPECT_NE(out_.find("new_order"), std::string::npos) << out_;
  EXPECT_EQ(run(journal_stats_command, {.directory = journal_, .format = "json"}), ExitCode::ok);
  EXPECT_EQ(json_lines(), 1U);
  EXPECT_NE(out_.find(R"("transactions":2000)"), std::string::npos) << out_;
}

TEST_F(JournalCommand, DiffOfAShorterJournalIsNo) {
  const std::string shorter = (folder_ / "shorter").string();
  make(shorter, 700);
  EXPECT_EQ(run(diff_command, {.left = journal_, .right = shorter}), ExitCode::answer_is_no);
  EXPECT_NE(out_.find("equal: 700 transactions"), std::string::npos) << out_;
  EXPECT_EQ(run(diff_command, {.left = journal_, .right = shorter, .format = "json"}),
            ExitCode::answer_is_no);
  EXPECT_EQ(json_lines(), 1U);
}

TEST_F(JournalCommand, CompactCompressesAndTheJournalIsTheSame) {
  const std::size_t sealed = files(".seg").size();
  EXPECT_EQ(run(journal_compact_command, {.directory = journal_}), ExitCode::ok) << err_;
  EXPECT_EQ(files(".seg.zst").size(), sealed);
  EXPECT_EQ(files(".seg").size(), 0U);
  EXPECT_EQ(verify(), ExitCode::ok) << out_;
  EXPECT_EQ(run(diff_command, {.left = journal_, .right = copy_}), ExitCode::ok) << out_;
  // Without a snapshot nothing is deleted, whatever is asked.
  EXPECT_EQ(run(journal_compact_command, {.directory = journal_, .retain_bytes = 1}), ExitCode::ok);
  EXPECT_EQ(files(".seg.zst").size(), sealed);
}

TEST_F(JournalCommand, UpgradeWritesADirectoryOfItsOwnAndNeverOverAnother) {
  const std::string to = (folder_ / "newer").string();
  EXPECT_EQ(run(journal_upgrade_command, {.directory = journal_, .to = to}), ExitCode::ok) << err_;
  EXPECT_NE(out_.find("is the newest there is"), std::string::npos) << out_;
  EXPECT_EQ(run(diff_command, {.left = journal_, .right = to}), ExitCode::ok);
  EXPECT_EQ(run(journal_upgrade_command, {.directory = journal_, .to = to}),
            ExitCode::cannot_create);
  flip_byte(files(".seg")[0], 30'000);
  EXPECT_EQ(run(journal_upgrade_command, {.directory = journal_, .to = to + "2"}),
            ExitCode::data_damaged);
  EXPECT_FALSE(std::filesystem::exists(to + "2"));
}

TEST_F(JournalCommand, WhatCannotBeSaysWhy) {
  const std::string nowhere = (folder_ / "nowhere").string();
  EXPECT_EQ(run(journal_ls_command, {.directory = nowhere}), ExitCode::file_missing) << err_;
  EXPECT_EQ(run(journal_compact_command, {.directory = nowhere}), ExitCode::file_missing);
  EXPECT_EQ(run(journal_repair_command, {.directory = nowhere, .from = copy_}),
            ExitCode::file_missing);
  EXPECT_FALSE(std::filesystem::exists(nowhere));
  EXPECT_EQ(verify("xml"), ExitCode::usage);
  LogOptions options;
  options.directory = journal_;
  const auto running = Log::open(options);
  ASSERT_TRUE(running);
  EXPECT_EQ(run(journal_compact_command, {.directory = journal_}), ExitCode::busy) << err_;
  EXPECT_EQ(verify(), ExitCode::ok) << out_;
}

}  // namespace
}  // namespace bourse
