// Any bytes at the readers of LOBSTER's files, cut in two at the first NUL: every row that is read
// is in the book afterwards, whatever the messages say.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <vector>

#include "replay/import/lobster_book.h"    // LobsterBook
#include "replay/import/lobster_reader.h"  // LobsterMessages, LobsterRows

namespace {

void check_side(const bourse::DepthBook& book, bourse::Side side,
                const std::vector<bourse::LobsterLevel>& row) {
  std::vector<bourse::DepthLevel> levels(row.size());
  if (book.levels(side, levels) != row.size()) std::abort();
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (levels[i].price.value() != row[i].price) std::abort();
    if (levels[i].quantity.value() != row[i].shares) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t cut = std::min(text.find('\0'), size);
  bourse::LobsterMessages messages(text.substr(0, cut), "messages");
  bourse::LobsterRows rows(text.substr(std::min(cut + 1, size)), "rows");
  bourse::LobsterMessage message;
  bourse::LobsterRow row;
  static bourse::EventBuffer events;
  std::optional<bourse::LobsterBook> book;
  while (rows.next(row) == bourse::LobsterRows::Next::row &&
         messages.next(message) == bourse::LobsterMessages::Next::message) {
    if (!book) book.emplace(bourse::SymbolId{1}, rows.levels());
    book->follow(message, row, events);
    check_side(book->book(), bourse::Side::buy, row.bids);
    check_side(book->book(), bourse::Side::sell, row.asks);
  }
  return 0;
}
