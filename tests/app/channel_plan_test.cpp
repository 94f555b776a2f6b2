#include "app/config/channel_plan.h"  // channel_directories, place_symbols

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace bourse {
namespace {

class ChannelPlan : public ::testing::Test {
 protected:
  ChannelPlan()
      : folder_(std::filesystem::temp_directory_path() /
                ("bourse_channel_plan_" + std::to_string(::getpid()))) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directory(folder_);
  }
  ~ChannelPlan() override { std::filesystem::remove_all(folder_); }

  const std::filesystem::path folder_;
};

TEST_F(ChannelPlan, OneChannelKeepsItsJournalInTheDirectoryItself) {
  const auto made = channel_directories(folder_ / "journal", 1);
  ASSERT_TRUE(made);
  EXPECT_EQ(*made, std::vector{folder_ / "journal"});
  EXPECT_FALSE(std::filesystem::exists(folder_ / "journal" / "channels"));
}

TEST_F(ChannelPlan, SeveralHaveADirectoryEachAndTheirNumberIsRemembered) {
  const auto made = channel_directories(folder_ / "journal", 3);
  ASSERT_TRUE(made);
  ASSERT_EQ(made->size(), 3u);
  EXPECT_EQ(made->back(), folder_ / "journal" / "channel-2");
  EXPECT_TRUE(channel_directories(folder_ / "journal", 3));
  for (const std::uint32_t other : {1u, 2u, 4u}) {
    const auto refused = channel_directories(folder_ / "journal", other);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ExitCode::bad_config);
    EXPECT_NE(refused.error().next.find("engine.channels = 3"), std::string::npos);
  }
}

TEST_F(ChannelPlan, AJournalOfOneChannelIsNotDivided) {
  std::ofstream(folder_ / "00000000000000000001-00000001.seg") << "a segment";
  EXPECT_TRUE(channel_directories(folder_, 1));
  EXPECT_FALSE(channel_directories(folder_, 2));
}

TEST_F(ChannelPlan, ANumberThatCannotBeReadIsSaid) {
  std::ofstream(folder_ / "channels") << "many\n";
  const auto refused = channel_directories(folder_, 2);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ExitCode::data_damaged);
}

}  // namespace
}  // namespace bourse
