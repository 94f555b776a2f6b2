#include "app/terminal/build_info.h"  // build_info, build_info_line

#include <gtest/gtest.h>

#include <string>

namespace bourse {
namespace {

TEST(BuildInfo, EveryPartIsFilledIn) {
  const BuildInfo& info = build_info();
  EXPECT_FALSE(info.version.empty());
  EXPECT_FALSE(info.commit.empty());
  EXPECT_FALSE(info.compiler.empty());
  EXPECT_FALSE(info.flags.empty());
}

TEST(BuildInfo, TheLineNamesVersionAndCommit) {
  const std::string line = build_info_line();
  EXPECT_TRUE(line.starts_with("bourse "));
  EXPECT_NE(line.find(build_info().version), std::string::npos);
  EXPECT_NE(line.find(build_info().commit), std::string::npos);
  EXPECT_EQ(line.find('\n'), std::string::npos);
}

}  // namespace
}  // namespace bourse
