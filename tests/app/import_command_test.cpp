// `bourse import`: what it prints and how it ends.

#include "app/log_commands/import_command.h"

#include <gtest/gtest.h>
#include <simdjson.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "replay/result.h"      // ExitCode
#include "tests/data_folder.h"  // data_folder, data_missing

namespace bourse {
namespace {

class ImportCommand : public ::testing::Test {
 protected:
  ImportCommand()
      : journal_(std::filesystem::temp_directory_path() /
                 ("bourse_import_command_" + std::to_string(::getpid()))) {
    std::filesystem::remove_all(journal_);
    arguments_.journal = journal_.string();
  }
  ~ImportCommand() override { std::filesystem::remove_all(journal_); }

  ExitCode run() {
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    const int code = import_command(arguments_);
    out_ = ::testing::internal::GetCapturedStdout();
    err_ = ::testing::internal::GetCapturedStderr();
    return static_cast<ExitCode>(code);
  }
  bool find_data(const char* folder, const char* file) {
    const auto data = data_folder(folder);
    if (data) arguments_.file = (*data / file).string();
    return data.has_value();
  }

  std::filesystem::path journal_;
  ImportArguments arguments_;
  std::string out_;
  std::string err_;
};

TEST_F(ImportCommand, TheTableHasCountsChecksAndTheLastBook) {
  if (!find_data("itch_aapl_20200130", "locate-13-10k.bin")) {
    GTEST_SKIP() << data_missing("itch_aapl_20200130");
  }
  EXPECT_EQ(run(), ExitCode::ok);
  EXPECT_EQ(err_, "") << "no progress where nobody looks";
  EXPECT_NE(out_.find("10000 messages, 9948 transactions"), std::string::npos) << out_;
  EXPECT_NE(out_.find("A  add order                                    4758"), std::string::npos)
      << out_;
  EXPECT_NE(out_.find("320.1400 x 25         320.3000 x 100"), std::string::npos) << out_;
  EXPECT_EQ(out_.find("FAILED"), std::string::npos) << out_;
}

TEST_F(ImportCommand, TheJsonIsOneObjectWithAllStocks) {
  if (!find_data("itch_head_20191230", "sample.itch")) {
    GTEST_SKIP() << data_missing("itch_head_20191230");
  }
  arguments_.format = "json";
  EXPECT_EQ(run(), ExitCode::ok);
  simdjson::dom::parser parser;
  const simdjson::dom::element json = parser.parse(out_);
  EXPECT_EQ(std::uint64_t(json["messages"]), 1000u);
  EXPECT_EQ(std::uint64_t(json["counts"]["R"]), 993u);
  EXPECT_TRUE(bool(json["consistent"]));
  EXPECT_EQ(json["stocks"].get_array().size(), 993u);
  EXPECT_TRUE(json["stocks"].at(0)["bid"].is_null());
  EXPECT_EQ(std::uint64_t(json["checks"]["unknown_references"]), 0u);
}

TEST_F(ImportCommand, ADayOfLobstersBecomesAJournalWhoseEveryRowIsLobsters) {
  const auto data = data_folder("lobster_amzn_l1_20120621");
  if (!data) GTEST_SKIP() << data_missing("lobster_amzn_l1_20120621");
  const std::string stem = (*data / "AMZN_2012-06-21_34200000_57600000_").string();
  arguments_.kind = "lobster";
  arguments_.file = stem + "message_1.csv";
  EXPECT_EQ(run(), ExitCode::usage) << "one file is not enough";
  arguments_.rows = stem + "orderbook_1.csv";
  EXPECT_EQ(run(), ExitCode::ok) << err_;
  EXPECT_NE(out_.find("57515 messages of AMZN, "), std::string::npos) << out_;
  EXPECT_NE(out_.find("57515 of 57515 rows equal at every level  ok"), std::string::npos) << out_;
  arguments_.format = "json";
  arguments_.force = true;
  EXPECT_EQ(run(), ExitCode::ok) << err_;
  simdjson::dom::parser parser;
  EXPECT_EQ(std::uint64_t(parser.parse(out_)["explained"]), 57'515u);
}

TEST_F(ImportCommand, AFailedCheckEndsWithAnswerIsNo) {
  if (!find_data("itch_aapl_20200130", "locate-13-10k.bin")) {
    GTEST_SKIP() << data_missing("itch_aapl_20200130");
  }
  arguments_.symbols = {"MSFT"};
  EXPECT_EQ(run(), ExitCode::answer_is_no);
  EXPECT_NE(out_.find("not in the file: MSFT"), std::string::npos) << out_;
}

TEST_F(ImportCommand, WhatCannotRunSaysWhyOnStderrAndPrintsNothingElse) {
  arguments_.file = "/no/such/20200130.itch";
  EXPECT_EQ(run(), ExitCode::file_missing);
  EXPECT_EQ(out_, "");
  EXPECT_NE(err_.find("/no/such/20200130.itch"), std::string::npos);
  arguments_.format = "yaml";
  EXPECT_EQ(run(), ExitCode::usage);
  arguments_.format = "json";
  arguments_.kind = "pitch";
  EXPECT_EQ(run(), ExitCode::usage);
  EXPECT_FALSE(std::filesystem::exists(journal_));
}

}  // namespace
}  // namespace bourse
