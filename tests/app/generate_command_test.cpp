// `bourse generate`: what it leaves on disk and how it ends.

#include "app/log_commands/generate_command.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "replay/result.h"  // ExitCode

namespace bourse {
namespace {

class GenerateCommand : public ::testing::Test {
 protected:
  GenerateCommand()
      : folder_(std::filesystem::temp_directory_path() /
                ("bourse_generate_command_" + std::to_string(::getpid()))) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directory(folder_);
    arguments_.output = (folder_ / "day.itch").string();
    arguments_.day = {.symbols = 10, .messages = 5000, .seed = 1};
  }
  ~GenerateCommand() override { std::filesystem::remove_all(folder_); }

  ExitCode run() {
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    const int code = generate_command(arguments_);
    out_ = ::testing::internal::GetCapturedStdout();
    err_ = ::testing::internal::GetCapturedStderr();
    return static_cast<ExitCode>(code);
  }

  std::filesystem::path folder_;
  GenerateArguments arguments_;
  std::string out_;
  std::string err_;
};

TEST_F(GenerateCommand, AWholeFileStandsThereAtTheEndAndNothingElse) {
  EXPECT_EQ(run(), ExitCode::ok);
  EXPECT_EQ(err_, "");
  EXPECT_NE(out_.find("5000 messages, 10 symbols"), std::string::npos) << out_;
  const auto entries = std::filesystem::directory_iterator(folder_);
  EXPECT_EQ(std::distance(begin(entries), end(entries)), 1);
}

TEST_F(GenerateCommand, AFileThatIsThereIsReplacedOnlyWhenThatIsAskedFor) {
  EXPECT_EQ(run(), ExitCode::ok);
  EXPECT_EQ(run(), ExitCode::cannot_create);
  EXPECT_NE(err_.find("--force"), std::string::npos);
  arguments_.force = true;
  EXPECT_EQ(run(), ExitCode::ok);
}

TEST_F(GenerateCommand, WhatCannotBeMadeSaysWhyAndLeavesNothing) {
  arguments_.output = (folder_ / "no" / "such.itch").string();
  EXPECT_EQ(run(), ExitCode::cannot_create);
  EXPECT_NE(err_.find(arguments_.output + ": cannot create"), std::string::npos) << err_;
  arguments_.day.symbols = 0;
  EXPECT_EQ(run(), ExitCode::usage);
  arguments_.kind = "dbn";
  EXPECT_EQ(run(), ExitCode::usage);
  EXPECT_EQ(out_, "");
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

}  // namespace
}  // namespace bourse
