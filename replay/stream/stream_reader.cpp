#include "replay/stream/stream_reader.h"

#include <algorithm>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "replay/stream/pull_consumer.h"  // PullConsumer

namespace bourse {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds retry_after{100};
constexpr milliseconds idle_before_check{1000};
constexpr int rereads_max = 3;  // from the leader, and as often from any server
constexpr int gaps_max = 3;     // one after another, before the gap is taken for the stream's own

// The header of the message at `sequence`, or of the first one after it that is there, up to
// `last`. nullopt: none is.
Result<std::optional<BatchHeader>> header_from(JetStream& server, const std::string& stream,
                                               std::uint64_t sequence, std::uint64_t last) {
  for (; sequence <= last; ++sequence) {
    auto message = server.message(stream, sequence);
    if (!message) return std::unexpected(std::move(message.error()));
    if (!*message) continue;
    auto header = BatchHeader::read(**message);
    if (!header) return std::unexpected(std::move(header.error()));
    return *header;
  }
  return std::nullopt;
}

}  // namespace

Result<std::optional<StreamEnds>> stream_ends(JetStream& server, const std::string& stream) {
  auto state = server.stream_state(stream);
  if (!state) return std::unexpected(std::move(state.error()));
  if (!*state || (*state)->messages == 0) return std::nullopt;
  StreamEnds ends;
  ends.state = **state;
  auto first = header_from(server, stream, ends.state.first, ends.state.last);
  if (!first) return std::unexpected(std::move(first.error()));
  auto last = header_from(server, stream, ends.state.last, ends.state.last);
  if (!last) return std::unexpected(std::move(last.error()));
  if (!*first || !*last) return std::nullopt;
  ends.first = **first;
  ends.last = **last;
  return ends;
}

struct StreamReader::State {
  State(StreamReaderOptions given, JetStream connected)
      : options(std::move(given)),
        server(std::move(connected)),
        journal(options.journal),
        next_sequence(options.from),
        last_heard(options.from.value() - 1) {}

  Next next(milliseconds wait);
  Next fail_with(Error what);
  bool deliver();
  Next place();  // `transaction`: found
  Result<std::uint64_t> find(const StreamEnds& ends);
  Next take(const StreamMessage& message);
  Next reread(const StreamMessage& message, Error damage);
  void check_idle();
  void lose(const Error& why);
  void heard_of(const BatchHeader& header) {
    last_heard = std::max(last_heard, header.last);
    heard = Clock::now();
    trouble.clear();
  }

  const StreamReaderOptions options;
  JetStream server;
  std::optional<Uuid> journal;
  std::optional<PullConsumer> consumer;
  StreamBatch batch;
  std::size_t index = 0;  // of the next transaction in the batch
  TransactionView transaction;
  Sequence next_sequence;
  Sequence last_heard;
  Epoch epoch{0};
  std::uint64_t stream_sequence = 0;  // of the batch
  std::uint64_t consumed = 0;         // the last stream sequence that the consumer has given
  int gaps = 0;
  std::string trouble;
  Error error;
  Clock::time_point heard = Clock::now();
  Clock::time_point checked = Clock::now();
  Clock::time_point retry_at{};
  std::uint64_t places = 0;
  std::uint64_t rereads = 0;
  std::uint64_t late = 0;
};

StreamReader::Next StreamReader::State::fail_with(Error what) {
  error = std::move(what);
  if (error.where.empty()) error.where = options.stream;
  consumer.reset();
  return Next::failed;
}

void StreamReader::State::lose(const Error& why) {
  trouble = why.what;
  consumer.reset();
  retry_at = Clock::now() + retry_after;
}

bool StreamReader::State::deliver() {
  while (index < batch.count()) {
    transaction = batch.transaction(index++);
    if (transaction.sequence() != next_sequence) continue;  // had before
    next_sequence = bourse::next(next_sequence);
    gaps = 0;
    return true;
  }
  return false;
}

// The stream sequence of the last message that does not begin behind what is wanted.
Result<std::uint64_t> StreamReader::State::find(const StreamEnds& ends) {
  std::uint64_t low = ends.state.first;
  std::uint64_t high = ends.state.last;
  while (low < high) {
    const std::uint64_t middle = low + (high - low + 1) / 2;
    auto header = header_from(server, options.stream, middle, high);
    if (!header) return std::unexpected(std::move(header.error()));
    if (*header && (*header)->first <= next_sequence) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}

StreamReader::Next StreamReader::State::place() {
  auto ends = stream_ends(server, options.stream);
  if (!ends) {
    if (ends.error().code == ExitCode::data_damaged) return fail_with(std::move(ends.error()));
    lose(ends.error());
    return Next::at_head;
  }
  if (!*ends) {
    lose({ExitCode::unreachable, "the stream is not there, or empty", {}, {}});
    return Next::at_head;
  }
  const StreamEnds& found = **ends;
  if (!journal) journal = found.last.journal;
  if (found.last.journal != *journal) {
    return fail_with({ExitCode::bad_config, "the stream is that of another log", options.stream,
                      "name the stream of this log, or begin with an empty directory"});
  }
  if (next_sequence < found.first.first) {
    return fail_with(
        {ExitCode::file_missing,
         fmt::format("the stream has sequences {} to {}, not {}", found.first.first.value(),
                     found.last.last.value(), next_sequence.value()),
         options.stream, "take older ones from an archive of the log"});
  }
  std::uint64_t from = found.state.last + 1;  // what is wanted is still to come
  if (next_sequence <= found.last.last) {
    const auto place = find(found);
    if (!place) {
      if (place.error().code == ExitCode::data_damaged) return fail_with(place.error());
      lose(place.error());
      return Next::at_head;
    }
    from = *place;
    // Of an earlier epoch: it may be one of those that came too late. What tells is before them.
    auto header = header_from(server, options.stream, from, from);
    if (header && *header && (*header)->epoch < std::max(found.last.epoch, epoch)) {
      const std::uint64_t back = from - found.state.first;
      from -= std::min(back, late_messages_max);
    }
  }
  auto made = PullConsumer::make(server, options.stream, from);
  if (!made) {
    lose(made.error());
    return Next::at_head;
  }
  consumer.emplace(std::move(*made));
  consumed = from - 1;
  checked = Clock::now();
  ++places;
  heard_of(found.last);
  return Next::transaction;
}

// A message that is damaged here may be whole elsewhere: where it is stored, or on another server.
StreamReader::Next StreamReader::State::reread(const StreamMessage& message, Error damage) {
  const std::uint64_t sequence = message.stream_sequence();
  for (int i = 0; i < 2 * rereads_max; ++i) {
    ++rereads;
    auto again = server.message(options.stream, sequence, i % 2 == 1);
    if (again && *again && batch.read(**again)) return Next::transaction;
  }
  damage.where = fmt::format("{}, message {}", options.stream, sequence);
  damage.next =
      "the log itself has these transactions: begin again when the stream was filled anew";
  return fail_with(std::move(damage));
}

StreamReader::Next StreamReader::State::take(const StreamMessage& message) {
  index = 0;
  if (auto read = batch.read(message); !read) {
    if (reread(message, std::move(read.error())) == Next::failed) return Next::failed;
  }
  consumed = stream_sequence = message.stream_sequence();
  const BatchHeader& header = batch.header();
  if (header.journal != *journal) {
    return fail_with({ExitCode::bad_config, "the stream has turned into that of another log",
                      options.stream, "name the stream of this log"});
  }
  // Published by an engine that did not know that another one leads.
  if (header.epoch < epoch) {
    ++late;
    batch.begin(*journal);
    return Next::at_head;
  }
  if (header.first > next_sequence) {
    if (++gaps > gaps_max) {
      return fail_with({ExitCode::data_damaged,
                        fmt::format("the stream lacks sequences {} to {}", next_sequence.value(),
                                    header.first.value() - 1),
                        options.stream, "take them from an archive of the log"});
    }
    batch.begin(*journal);
    lose({ExitCode::unreachable, "messages were missing", {}, {}});
    return Next::at_head;
  }
  epoch = header.epoch;
  heard_of(header);
  return Next::transaction;
}

// Nothing arrives: is that so because there is nothing? A stream that was cut and filled again
// counts anew, and its consumers wait for what will not come.
void StreamReader::State::check_idle() {
  if (Clock::now() - checked < idle_before_check) return;
  checked = Clock::now();
  const auto ends = stream_ends(server, options.stream);
  if (!ends) return lose(ends.error());
  if (!*ends) return lose({ExitCode::unreachable, "the stream is gone", {}, {}});
  const bool is_counted_anew = (*ends)->state.last < consumed;
  if (is_counted_anew || (*ends)->last.last >= next_sequence) {
    return lose({ExitCode::unreachable, "the consumer was passed by", {}, {}});
  }
  heard_of((*ends)->last);
}

StreamReader::Next StreamReader::State::next(milliseconds wait) {
  const auto until = Clock::now() + wait;
  for (;;) {
    if (deliver()) return Next::transaction;
    const auto now = Clock::now();
    if (!consumer) {
      if (now < retry_at) {
        if (now >= until) return Next::at_head;
        std::this_thread::sleep_until(std::min(until, retry_at));
        continue;
      }
      if (place() == Next::failed) return Next::failed;
      continue;
    }
    const auto left = std::chrono::ceil<milliseconds>(until - now);
    auto message = consumer->next(std::clamp(left, milliseconds{0}, idle_before_check));
    if (!message) {
      lose(message.error());
      continue;
    }
    if (*message) {
      if (take(**message) == Next::failed) return Next::failed;
      continue;
    }
    check_idle();
    if (Clock::now() >= until) return Next::at_head;
  }
}

StreamReader::StreamReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
StreamReader::StreamReader(StreamReader&&) noexcept = default;
StreamReader& StreamReader::operator=(StreamReader&&) noexcept = default;
StreamReader::~StreamReader() = default;

Result<StreamReader> StreamReader::open(StreamReaderOptions options) {
  if (options.from == Sequence{0}) options.from = Sequence{1};
  auto server = JetStream::connect(options.server);
  if (!server) return std::unexpected(std::move(server.error()));
  return StreamReader(std::make_unique<State>(std::move(options), std::move(*server)));
}

StreamReader::Next StreamReader::next(milliseconds wait) { return state_->next(wait); }
const TransactionView& StreamReader::transaction() const { return state_->transaction; }
const Error& StreamReader::error() const { return state_->error; }
Sequence StreamReader::position() const { return state_->next_sequence; }
std::uint64_t StreamReader::stream_sequence() const { return state_->stream_sequence; }
const std::string& StreamReader::trouble() const { return state_->trouble; }
Clock::time_point StreamReader::heard() const {
  return state_->consumer ? std::max(state_->heard, state_->consumer->heard()) : state_->heard;
}
Sequence StreamReader::last_heard() const { return state_->last_heard; }
const std::optional<Uuid>& StreamReader::journal() const { return state_->journal; }
std::uint64_t StreamReader::restarts() const { return state_->places > 0 ? state_->places - 1 : 0; }
std::uint64_t StreamReader::rereads() const { return state_->rereads; }
std::uint64_t StreamReader::late() const { return state_->late; }
JetStream& StreamReader::server() { return state_->server; }
Result<std::optional<StreamEnds>> StreamReader::ends() {
  return stream_ends(state_->server, state_->options.stream);
}

}  // namespace bourse
