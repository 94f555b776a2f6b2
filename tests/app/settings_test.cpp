#include "app/config/settings.h"
#include "app/config/instrument_config.h"  // instrument_of
#include "app/config/opening_commands.h"   // rules_of

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "app/commands/config_command.h"  // effective_config
#include "app/config/config_file.h"       // load_config_file
#include "tests/data_folder.h"            // source_path

namespace bourse {
namespace {

class ConfigFile : public ::testing::Test {
 protected:
  Result<void> load(const std::string& text) {
    path_ = std::filesystem::path(::testing::TempDir()) /
            ("bourse_" + std::to_string(::testing::UnitTest::GetInstance()->random_seed()) +
             ::testing::UnitTest::GetInstance()->current_test_info()->name() + ".toml");
    std::ofstream(path_) << text;
    return load_config_file(config_, path_);
  }
  void TearDown() override { std::filesystem::remove(path_); }

  Config config_;
  std::filesystem::path path_;
};

TEST(Settings, EverySettingHasATextThatSetsItToTheSameValue) {
  const Config defaults;
  for (const std::string& key : setting_keys()) {
    Config config;
    const std::string text = setting_text(defaults, key);
    EXPECT_TRUE(set_setting(config, key, text, "test")) << key << " = " << text;
    EXPECT_EQ(setting_text(config, key), text);
    EXPECT_FALSE(setting_meaning(key).empty()) << key;
  }
}

TEST(Settings, AnUnknownKeyNamesTheNearestOne) {
  Config config;
  const auto set = set_setting(config, "feed.prot", "1", "here");
  ASSERT_FALSE(set);
  EXPECT_EQ(set.error().code, ExitCode::bad_config);
  EXPECT_NE(set.error().next.find("feed.port"), std::string::npos) << set.error().text();
}

TEST(Settings, AValueThatDoesNotFitSaysWhatWouldAndChangesNothing) {
  Config config;
  for (const auto& [key, text] :
       std::vector<std::pair<std::string, std::string>>{{"feed.port", "70000"},
                                                        {"feed.port", "x"},
                                                        {"feed.port", ""},
                                                        {"journal.durability", "paper"},
                                                        {"journal.tail_bytes", "1000"},
                                                        {"engine.wait", "sleep"},
                                                        {"feed.tls12", "1"},
                                                        {"log.level", "loud"}}) {
    const auto set = set_setting(config, key, text, "here");
    ASSERT_FALSE(set) << key << " = " << text;
    EXPECT_NE(set.error().what.find(key), std::string::npos);
  }
  EXPECT_EQ(config.feed.port, Config().feed.port);
}

TEST(Settings, TheEnvironmentOverridesAndIsNamedAsTheOrigin) {
  ::setenv("BOURSE_FEED_LIMITS_PING_MS", "1234", 1);
  Config config;
  const auto applied = apply_environment(config);
  ::unsetenv("BOURSE_FEED_LIMITS_PING_MS");
  ASSERT_TRUE(applied);
  EXPECT_EQ(config.feed.limits.ping_ms, 1234u);
  EXPECT_EQ(config.origins["feed.limits.ping_ms"], "BOURSE_FEED_LIMITS_PING_MS");
}

TEST_F(ConfigFile, SetsWhatItNamesAndRemembersTheLine) {
  ASSERT_TRUE(
      load("[journal]\ndurability = \"memory\"\n[feed]\nport = 7000\n"
           "[feed.limits]\nsymbols_per_op = 3\n"));
  EXPECT_EQ(config_.journal.durability, Durability::memory);
  EXPECT_EQ(config_.feed.port, 7000);
  EXPECT_EQ(config_.feed.limits.symbols_per_op_count, 3u);
  EXPECT_TRUE(config_.origins["feed.port"].ends_with(".toml:4")) << config_.origins["feed.port"];
}

TEST_F(ConfigFile, AnUnknownKeyIsRefusedWithFileLineAndNearestKey) {
  const auto loaded = load("[journal]\n\ndurabilty = \"disk\"\n");
  ASSERT_FALSE(loaded);
  EXPECT_TRUE(loaded.error().where.ends_with(".toml:3")) << loaded.error().where;
  EXPECT_NE(loaded.error().next.find("journal.durability"), std::string::npos)
      << loaded.error().next;
}

TEST_F(ConfigFile, AnUnknownKeyOfASymbolIsRefusedToo) {
  const auto loaded = load("[[symbols]]\nsymbol = \"A\"\ntick = \"0.01\"\n");
  ASSERT_FALSE(loaded);
  EXPECT_TRUE(loaded.error().where.ends_with(".toml:3")) << loaded.error().where;
  EXPECT_NE(loaded.error().next.find("tick_size"), std::string::npos) << loaded.error().next;
}

TEST_F(ConfigFile, AFloatIsNoPrice) {
  const auto loaded = load("[[symbols]]\nsymbol = \"A\"\ntick_size = 0.01\n");
  ASSERT_FALSE(loaded);
  EXPECT_NE(loaded.error().next.find("quotes"), std::string::npos) << loaded.error().next;
}

TEST_F(ConfigFile, BrokenTomlNamesItsLine) {
  const auto loaded = load("[journal]\ndirectory = \n");
  ASSERT_FALSE(loaded);
  EXPECT_NE(loaded.error().where.find(".toml:2"), std::string::npos) << loaded.error().where;
}

TEST_F(ConfigFile, ASymbolWithATickThatDoesNotDivideItsBoundsIsRefused) {
  ASSERT_TRUE(load("[[symbols]]\nsymbol = \"A\"\ntick_size = \"0.3\"\nprice_max = \"1\"\n"));
  const auto config = effective_config(path_.string(), false, {});
  ASSERT_FALSE(config);
  EXPECT_NE(config.error().what.find("price_max"), std::string::npos) << config.error().text();
  EXPECT_TRUE(config.error().where.ends_with(".toml:1")) << config.error().where;
}

TEST_F(ConfigFile, TheRulesOfASymbolAreTicksAndNanoseconds) {
  SymbolConfig symbol;
  symbol.symbol = "A";
  symbol.reference_price = "100.00";
  symbol.static_band = "10.00";
  symbol.dynamic_band = "0.50";
  symbol.volatility_ms = 3;
  const auto instrument = instrument_of(symbol);
  ASSERT_TRUE(instrument);
  const auto rules = rules_of(symbol, *instrument);
  ASSERT_TRUE(rules) << rules.error().text();
  EXPECT_EQ(rules->reference_price, PriceTicks{10'000});
  EXPECT_EQ(rules->static_band, TickDelta{1'000});
  EXPECT_EQ(rules->dynamic_band, TickDelta{50});
  EXPECT_EQ(rules->volatility_ns, 3'000'000);
  symbol.dynamic_band = "0.005";
  const auto refused = rules_of(symbol, *instrument);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().what.find("dynamic_band"), std::string::npos);
}

TEST_F(ConfigFile, ASymbolMayNotStandTwice) {
  ASSERT_TRUE(load("[[symbols]]\nsymbol = \"A\"\n[[symbols]]\nsymbol = \"A\"\n"));
  EXPECT_FALSE(effective_config(path_.string(), false, {}));
}

TEST(ConfigFileOfTheDeployFolder, IsAccepted) {
  const auto config = effective_config(source_path("deploy/bourse.toml").string(), false, {});
  ASSERT_TRUE(config) << config.error().text();
  EXPECT_EQ(config->symbols.size(), 1u);
  EXPECT_EQ(config->keys.size(), 1u);
}

TEST(ConfigFileThatIsMissing, IsNamed) {
  Config config;
  const auto loaded = load_config_file(config, "/no/such/file.toml");
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, ExitCode::file_missing);
}

}  // namespace
}  // namespace bourse
