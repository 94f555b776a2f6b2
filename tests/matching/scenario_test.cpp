// Every file of tests/scenarios is one test. With BOURSE_REWRITE_SCENARIOS=1 the expected parts are
// replaced by what came: read the difference before you believe it.
#include "tests/matching/scenario.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/data_folder.h"  // source_path

namespace bourse {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> scenario_names() {
  std::vector<std::string> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(source_path("tests/scenarios"))) {
    if (entry.path().extension() == ".txt") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string all;
  for (const std::string& line : lines) all += "  " + line + "\n";
  return all;
}

void rewrite(const fs::path& path, const std::string& text,
             const std::vector<Scenario::Block>& blocks) {
  std::istringstream in(text);
  std::ofstream out(path);
  std::size_t at = 0;
  bool skipping = false;
  for (std::string line; std::getline(in, line);) {
    const bool comment = line.starts_with('#');
    const bool blank = !comment && line.find_first_not_of(' ') == std::string::npos;
    if (blank) skipping = false;
    if (!skipping || comment) out << line << '\n';
    if (line.starts_with("----") || line.starts_with("====")) {
      for (const std::string& got : blocks.at(at).got) out << got << '\n';
      ++at;
      skipping = true;
    }
  }
}

class ScenarioTest : public ::testing::TestWithParam<std::string> {};

TEST_P(ScenarioTest, HappensAsWritten) {
  const fs::path path = source_path("tests/scenarios") / (GetParam() + ".txt");
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  Scenario scenario;
  const std::vector<Scenario::Block> blocks = scenario.run(text.str());
  EXPECT_FALSE(blocks.empty());
  for (const std::string& fault : scenario.faults) ADD_FAILURE() << path << ": " << fault;
  const char* const wish = std::getenv("BOURSE_REWRITE_SCENARIOS");
  if (wish != nullptr && *wish == '1') return rewrite(path, text.str(), blocks);
  for (const Scenario::Block& block : blocks) {
    EXPECT_TRUE(block.expected == block.got) << path.string() << ":" << block.line << "\n"
                                             << joined(block.commands) << "expected\n"
                                             << joined(block.expected) << "got\n"
                                             << joined(block.got);
  }
}

INSTANTIATE_TEST_SUITE_P(Files, ScenarioTest, ::testing::ValuesIn(scenario_names()),
                         [](const auto& file) { return file.param; });

// Each row of a table in docs/MATCHING.md ends with the scenarios of its rule.
TEST(Scenarios, AreNamedInTheRulesAndTheRulesNameNoOthers) {
  std::ifstream in(source_path("docs/MATCHING.md"));
  std::vector<std::string> named;
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with("| ")) continue;
    const std::string cell = line.substr(line.rfind("| ", line.size() - 2));
    for (std::size_t at = cell.find('`'); at != std::string::npos;) {
      const std::size_t end = cell.find('`', at + 1);
      if (end == std::string::npos) break;
      named.push_back(cell.substr(at + 1, end - at - 1));
      at = cell.find('`', end + 1);
    }
  }
  std::sort(named.begin(), named.end());
  named.erase(std::unique(named.begin(), named.end()), named.end());
  const std::vector<std::string> files = scenario_names();
  for (const std::string& name : named) {
    EXPECT_TRUE(std::binary_search(files.begin(), files.end(), name))
        << "docs/MATCHING.md names " << name;
  }
  for (const std::string& name : files) {
    EXPECT_TRUE(std::binary_search(named.begin(), named.end(), name))
        << "docs/MATCHING.md does not name " << name;
  }
}

}  // namespace
}  // namespace bourse
