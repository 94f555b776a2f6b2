// The soak: random commands of every rule at the engine and its naive twin, as long as is asked.
//   Use:    bourse_soak [--seed S] [--commands N] [--round R]
//           Every round of 20,000 commands is a fresh market, whose seed follows from S and its
//           number: a failure names both, and `--round R` runs that one alone. Ends with 1 at the
//           first difference, after telling the few commands that it needs.
//   Shape:  one thread; run several seeds side by side to use more cores.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "tests/matching/recipe_words.h"  // words_of
#include "tests/matching/twins.h"         // Twins

namespace {

using namespace bourse;

constexpr std::uint64_t round_commands = 20'000;

Recipe random_recipe(std::mt19937_64& random) {
  Recipe recipe;
  for (std::size_t i = 0; i < recipe.size(); i += 8) {
    const std::uint64_t word = random();
    for (std::size_t j = 0; j < 8; ++j) recipe[i + j] = static_cast<std::uint8_t>(word >> 8 * j);
  }
  return recipe;
}

// The first difference that these recipes lead to, with the number of the recipe.
struct Difference {
  std::string fault;  // empty: none
  std::size_t at = 0;
};
Difference first_difference(const std::vector<Recipe>& recipes, std::uint32_t look_every,
                            bool tells) {
  Twins twins(RecipeMarket::limits(), look_every);
  if (tells) twins.keep_history();
  for (const Command& command : RecipeMarket::definitions()) twins.apply(command, TimeNs{1});
  for (std::size_t i = 0; i < recipes.size(); ++i) {
    const auto fault = twins.apply(recipes[i]);
    if (!fault) continue;
    if (tells) {
      for (const Command& command : twins.history) std::printf("%s\n", words_of(command).c_str());
    }
    return {*fault, i};
  }
  return {};
}

// Leaves out whatever the difference does not need, in ever smaller pieces.
void shrink(std::vector<Recipe>& recipes) {
  for (std::size_t piece = recipes.size() / 2; piece > 0; piece /= 2) {
    for (std::size_t at = 0; at < recipes.size();) {
      const std::size_t end = std::min(recipes.size(), at + piece);
      std::vector<Recipe> without(recipes.begin(), recipes.begin() + static_cast<long>(at));
      without.insert(without.end(), recipes.begin() + static_cast<long>(end), recipes.end());
      const Difference found = first_difference(without, 1, false);
      if (found.fault.empty()) {
        at = end;
      } else {
        without.resize(found.at + 1);
        recipes = std::move(without);
      }
    }
  }
}

// False at the first difference, which is told.
bool run_round(std::uint64_t seed, std::uint64_t round, std::uint64_t commands,
               std::uint32_t look_every) {
  std::seed_seq seeds{seed, round};
  std::mt19937_64 random(seeds);
  std::vector<Recipe> recipes(commands);
  for (Recipe& recipe : recipes) recipe = random_recipe(random);
  const Difference found = first_difference(recipes, look_every, false);
  if (found.fault.empty()) return true;
  recipes.resize(found.at + 1);
  for (std::size_t before = 0; before != recipes.size();) {
    before = recipes.size();
    shrink(recipes);
  }
  const Difference shrunk = first_difference(recipes, 1, true);
  std::printf("%s\nseed %llu, round %llu, command %zu of it\n", shrunk.fault.c_str(),
              static_cast<unsigned long long>(seed), static_cast<unsigned long long>(round),
              found.at);
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t seed = std::random_device{}();
  std::uint64_t commands = 1'000'000;
  std::uint64_t only_round = 0;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    const std::uint64_t value = std::strtoull(argv[i + 1], nullptr, 10);
    if (name == "--seed") {
      seed = value;
    } else if (name == "--commands") {
      commands = value;
    } else if (name == "--round") {
      only_round = value;
    } else {
      std::fprintf(stderr, "bourse_soak [--seed S] [--commands N] [--round R]\n");
      return 2;
    }
  }
  if (only_round != 0) return run_round(seed, only_round, round_commands, 1) ? 0 : 1;
  const auto start = std::chrono::steady_clock::now();
  auto told = start;
  std::uint64_t done = 0;
  for (std::uint64_t round = 1; done < commands; ++round) {
    const std::uint64_t count = std::min(round_commands, commands - done);
    if (!run_round(seed, round, count, 64)) return 1;
    done += count;
    const auto now = std::chrono::steady_clock::now();
    if (now - told < std::chrono::seconds(10) && done < commands) continue;
    told = now;
    const double seconds = std::chrono::duration<double>(now - start).count();
    std::printf("seed %llu: %llu commands in %llu rounds, %.0f commands/s, no difference\n",
                static_cast<unsigned long long>(seed), static_cast<unsigned long long>(done),
                static_cast<unsigned long long>(round), static_cast<double>(done) / seconds);
    std::fflush(stdout);
  }
  return 0;
}
