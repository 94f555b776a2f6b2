// Any bytes as a row of commands, sixteen bytes each, at the engine and at its naive twin: they
// must tell the same, and the engine's own links, totals and hashes must agree.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "tests/matching/recipe_words.h"  // words_of
#include "tests/matching/twins.h"         // Twins

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bourse;
  Twins twins(RecipeMarket::limits(), 8);
  twins.keep_history();
  for (const Command& command : RecipeMarket::definitions()) twins.apply(command, TimeNs{1});
  for (; size > 0;) {
    Recipe recipe{};
    const std::size_t bytes = std::min(size, recipe.size());
    std::copy_n(data, bytes, recipe.begin());
    data += bytes;
    size -= bytes;
    const auto fault = twins.apply(recipe);
    if (!fault) continue;
    for (const Command& command : twins.history) {
      std::fprintf(stderr, "%s\n", words_of(command).c_str());
    }
    std::fprintf(stderr, "%s\n", fault->c_str());
    std::abort();
  }
  return 0;
}
