#include "bench/suites/pipeline_run.h"
#include "bench/load/held_streams.h"  // HeldStreams

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

#include "app/threads/wall_clock.h"        // wall_clock_now
#include "bench/journal/journal_thread.h"  // JournalThread
#include "bench/load/aligned_copy.h"       // AlignedCopy
#include "bench/load/order_stream.h"       // stream_limits, define_stream_symbol
#include "bench/measure/open_loop.h"       // Pace, wall_ns
#include "bench/twins/map_book_twin.h"     // MapBookTwin
#include "feed/market/hub.h"               // Hub
#include "feed/market/market_frames.h"     // read_frame
#include "feed/net/outbox.h"               // ws_frame_bytes
#include "feed/net/tls_wire.h"             // TlsWire
#include "matching/check.h"                // CHECK
#include "matching/sequencer.h"            // Sequencer

namespace bourse {
namespace {

constexpr std::size_t gate_commands = 4'096;
constexpr std::size_t commands_per_poll_max = 256;  // the setting's default
constexpr int transactions_per_flush = 512;         // as an io thread takes them
constexpr int patience_ms = 20'000;
constexpr std::uint64_t late_ns = 100'000;

// "Everything up to this sequence, now": what a thread notes after each piece of its work.
struct Mark {
  std::uint64_t up_to;
  std::int64_t at;
};
using Marks = std::vector<Mark>;

std::int64_t stamp() { return static_cast<std::int64_t>(wall_ns()); }

// Two ends of a TCP connection over loopback; neither blocks.
class Sockets {
 public:
  Sockets() {
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof to;
    auto* const address = reinterpret_cast<sockaddr*>(&to);
    CHECK(::bind(listener, address, length) == 0 && ::listen(listener, 1) == 0);
    CHECK(::getsockname(listener, address, &length) == 0);
    client = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(::connect(client, address, length) == 0);
    server = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    CHECK(server >= 0);
    ::close(listener);
    for (const int fd : {client, server}) {
      const int on = 1;
      ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      ::fcntl(fd, F_SETFL, O_NONBLOCK);
    }
  }
  ~Sockets() {
    ::close(client);
    ::close(server);
  }
  Sockets(const Sockets&) = delete;
  Sockets& operator=(const Sockets&) = delete;

  int client = -1;
  int server = -1;
};

bool wait_for(int fd, short events) {
  pollfd one{fd, events, 0};
  return ::poll(&one, 1, patience_ms) == 1;
}

bool shake_hands(TlsWire& wire) {
  for (;;) {
    switch (wire.handshake()) {
      case TlsWire::Step::done:
        return true;
      case TlsWire::Step::want_read:
        if (!wait_for(wire.fd(), POLLIN)) return false;
        break;
      case TlsWire::Step::want_write:
        if (!wait_for(wire.fd(), POLLOUT)) return false;
        break;
      default:
        return false;
    }
  }
}

// The client: decrypts, verifies, notes when the events of each sequence came.
void receive(int fd, std::vector<std::int64_t>& received) {
  const TlsContext context = TlsContext::client_without_verification();
  TlsWire wire(context, fd, TlsWire::Role::client);
  if (!shake_hands(wire)) return;
  AlignedCopy aligned;
  std::vector<std::byte> buffer(std::size_t{4} << 20);
  std::size_t held = 0;
  while (wait_for(fd, POLLIN)) {
    for (;;) {
      std::size_t bytes = 0;
      const auto step = wire.read(std::span(buffer).subspan(held), bytes);
      if (step == TlsWire::Step::want_read) break;
      if (step != TlsWire::Step::done) return;
      held += bytes;
      std::size_t at = 0;
      while (held - at >= ws_header_bytes_max && ws_frame_bytes(buffer.data() + at) <= held - at) {
        const std::size_t whole = ws_frame_bytes(buffer.data() + at);
        const std::size_t header = ws_header_bytes(buffer.data() + at);
        const auto frame =
            read_frame(aligned.of(std::span(buffer).subspan(at + header, whole - header)));
        CHECK(frame.has_value());
        const std::int64_t now = stamp();
        for (const wire::MboEvent& event : frame->mbo)
          if (event.seq < received.size()) received[event.seq] = now;
        at += whole;
      }
      std::copy(buffer.begin() + static_cast<std::ptrdiff_t>(at),
                buffer.begin() + static_cast<std::ptrdiff_t>(held), buffer.begin());
      held -= at;
    }
  }
}

// The io thread: follows the log, encodes once, writes to its one subscriber.
class Voice {
 public:
  Voice(Log& log, const TlsContext& context, int fd, std::uint64_t last)
      : log_(log),
        hub_(MarketState{}, Epoch{1}, FeedOptions{}),
        wire_(context, fd, TlsWire::Role::server),
        last_(last),
        sequenced(last + 1) {}

  Result<void> run() {
    if (!shake_hands(wire_)) return fail(ExitCode::io_error, "no TLS handshake over loopback");
    auto cursor = log_.cursor(Sequence{1});
    if (!cursor) return std::unexpected(cursor.error());
    Waiter waiter(WaitMode::park, log_.releases());
    while (hub_.sequence().value() < last_) {
      int taken = 0;
      for (; taken < transactions_per_flush; ++taken) {
        const Cursor::Next next = cursor->next();
        if (next == Cursor::Next::failed) return std::unexpected(cursor->error());
        if (next == Cursor::Next::at_head) break;
        const TransactionView& transaction = cursor->transaction();
        sequenced[transaction.sequence().value()] = transaction.time().value();
        hub_.on_transaction(transaction);
        if (held_.wants(hub_)) {  // from the first order of an instrument on
          ++taken;
          break;
        }
      }
      if (taken == 0) {
        waiter.wait([&] { return cursor->position() <= log_.released_sequence(); });
        continue;
      }
      waiter.worked();
      hub_.flush(wall_clock_now());
      held_.hold(hub_);
      encoded.push_back({hub_.sequence().value(), stamp()});
      if (!write()) return fail(ExitCode::io_error, "the connection over loopback broke");
      written.push_back({hub_.sequence().value(), stamp()});
    }
    wire_.say_goodbye();
    return {};
  }

 private:
  bool write() {
    const FrameLog& frames = hub_.frames();
    while (position_ < frames.head()) {
      record_.clear();
      for (; position_ < frames.head(); ++position_) {
        if (wire::channel_of(frames.entry(position_).stream_id) != wire::Channel::mbo) continue;
        const std::span<const std::byte> frame = frames.bytes(position_);
        if (!record_.empty() && record_.size() + frame.size() > TlsWire::record_bytes_max) break;
        record_.insert(record_.end(), frame.begin(), frame.end());
      }
      for (std::size_t at = 0; at < record_.size(); at += TlsWire::record_bytes_max) {
        const std::size_t bytes = std::min(record_.size() - at, TlsWire::record_bytes_max);
        if (!send(std::span(record_).subspan(at, bytes))) return false;
      }
    }
    return true;
  }
  bool send(std::span<const std::byte> plain) {
    cipher_.clear();
    if (!wire_.encrypt(plain, cipher_)) return false;
    auto sent = wire_.send(cipher_.bytes());
    while (sent == TlsWire::Sent::blocked) {
      if (!wait_for(wire_.fd(), POLLOUT)) return false;
      sent = wire_.flush();
    }
    return sent == TlsWire::Sent::all;
  }

  Log& log_;
  Hub hub_;
  HeldStreams held_;
  TlsWire wire_;
  std::uint64_t last_;
  std::uint64_t position_ = 0;
  std::vector<std::byte> record_;
  CipherText cipher_;

 public:
  std::vector<std::int64_t> sequenced;  // by sequence
  Marks encoded;
  Marks written;
};

// Walks marks in the order of sequences.
class MarkWalk {
 public:
  explicit MarkWalk(const Marks& marks) : marks_(marks) {}
  std::int64_t at(std::uint64_t sequence) {
    while (marks_[place_].up_to < sequence) ++place_;
    return marks_[place_].at;
  }

 private:
  const Marks& marks_;
  std::size_t place_ = 0;
};

struct Sent {
  std::vector<std::int64_t> gated;  // by index
  double late_percent = 0;
  double slip_ns = 0;
};

Sent send_all(const std::vector<Command>& commands, const PipelineLoad& load, Pace& pace,
              Gate& gate) {
  Sent out;
  out.gated.resize(load.count);
  for (std::uint64_t i = 0; i < load.count; ++i) {
    pace.wait(i, load.warm_up, wall_ns, sleep_most);
    while (!gate.try_push(commands[i])) std::this_thread::yield();
    out.gated[i] = stamp();
  }
  out.late_percent = pace.late_percent();
  out.slip_ns = static_cast<double>(pace.slip_most());
  return out;
}

void run_engine_until(Sequencer& sequencer, Log& log, std::uint64_t last, Marks& marks) {
  Waiter waiter(WaitMode::park, sequencer.commands_waiting());
  while (sequencer.last_sequence().value() < last) {
    if (sequencer.poll(wall_clock_now(), commands_per_poll_max) > 0) {
      marks.push_back({sequencer.last_sequence().value(), stamp()});
      log.tail().arrivals().wake();
      waiter.worked();
    } else if (sequencer.is_blocked()) {
      std::this_thread::yield();
    } else {
      waiter.wait([&] { return sequencer.has_work(wall_clock_now()); });
    }
  }
}

}  // namespace

Result<PipelineRun> run_pipeline(const std::filesystem::path& directory,
                                 const std::vector<Command>& commands, const PipelineLoad& load) {
  std::error_code ignored;
  std::filesystem::remove_all(directory, ignored);
  LogOptions options;
  options.directory = directory;
  options.durability = load.durability;
  auto log = Log::open(options);
  if (!log) return std::unexpected(log.error());
  auto context = TlsContext::server({});
  if (!context) return std::unexpected(context.error());
  Engine engine(stream_limits);
  MarketViews views(stream_limits.symbols_max);
  Sequencer sequencer(engine, (*log)->tail().writer(), views.writer(), Sequencer::Start{});
  Gate gate = sequencer.add_gate("bench", gate_commands);
  CHECK(sequencer.submit(define_stream_symbol(1), wall_clock_now()));
  const std::uint64_t first = 2;  // sequence of the first command
  const std::uint64_t last = first + load.count - 1;

  Marks logged, released;
  for (Marks* marks : {&logged, &released}) marks->reserve(load.count + 1);
  std::vector<std::int64_t> received(last + 1);
  const Sockets sockets;
  Voice voice(**log, *context, sockets.server, last);
  Result<void> spoken;
  JournalThread journal(
      **log, [&] { released.push_back({(*log)->released_sequence().value(), stamp()}); });
  std::thread client([&] { receive(sockets.client, received); });
  std::thread speaker([&] { spoken = voice.run(); });
  std::thread matcher([&] { run_engine_until(sequencer, **log, last, logged); });
  Pace pace(1e9 / load.rate, wall_ns() + 20'000'000, late_ns);
  const Sent sent = send_all(commands, load, pace, gate);
  matcher.join();
  speaker.join();
  ::shutdown(sockets.server, SHUT_WR);
  client.join();
  if (const auto failure = journal.end()) return std::unexpected(*failure);
  if (!spoken) return std::unexpected(spoken.error());

  PipelineRun out;
  out.stages = {{"intended to gated", {}},   {"gated to sequenced", {}},
                {"sequenced to logged", {}}, {"logged to released", {}},
                {"released to encoded", {}}, {"encoded to written", {}},
                {"written to received", {}}};
  MarkWalk logged_at(logged), released_at(released), encoded_at(voice.encoded),
      written_at(voice.written);
  for (std::uint64_t i = load.warm_up; i < load.count; ++i) {
    const std::uint64_t sequence = first + i;
    const auto intended = static_cast<std::int64_t>(pace.intended(i));
    const std::int64_t in_log = logged_at.at(sequence);
    out.logged.latency_ns.push_back(in_log - intended);
    const std::int64_t points[] = {intended,
                                   sent.gated[i],
                                   voice.sequenced[sequence],
                                   in_log,
                                   released_at.at(sequence),
                                   encoded_at.at(sequence),
                                   written_at.at(sequence),
                                   received[sequence]};
    // Who rejects nothing and changes nothing is not told of in public: no frame came of it.
    if (received[sequence] == 0) continue;
    out.received.latency_ns.push_back(received[sequence] - intended);
    // A stamp is taken when its call has returned, which may be after the next stage has begun.
    for (std::size_t stage = 0; stage < out.stages.size(); ++stage)
      out.stages[stage].second.push_back(
          std::max<std::int64_t>(points[stage + 1] - points[stage], 0));
  }
  const std::uint64_t measured = load.count - load.warm_up;
  for (OpenRun* one : {&out.received, &out.logged}) {
    one->late_percent = sent.late_percent;
    one->slip_ns = sent.slip_ns;
  }
  const std::uint64_t begin = first + load.warm_up;
  out.logged.reached = rate_between(measured, MarkWalk(logged).at(begin), logged.back().at);
  out.received.reached =
      rate_between(measured, MarkWalk(voice.written).at(begin), voice.written.back().at);
  return out;
}

OpenRun run_pipeline_twin(const std::vector<Command>& commands, const PipelineLoad& load) {
  std::mutex mutex;
  std::condition_variable has_come;
  std::deque<Command> queue;
  MapBookTwin book(1);
  OpenRun out;
  Pace pace(1e9 / load.rate, wall_ns() + 20'000'000, late_ns);
  std::int64_t begin = 0, end = 0;  // when the first and the last one were done
  std::thread taker([&] {
    for (std::uint64_t i = 0; i < load.count; ++i) {
      std::unique_lock lock(mutex);
      has_come.wait(lock, [&] { return !queue.empty(); });
      Command command = queue.front();
      queue.pop_front();
      lock.unlock();
      if (command.type == CommandType::new_order) command.order.order_id = OrderId{i + 2};
      book.apply(command);
      end = stamp();
      if (i == load.warm_up) begin = end;
      if (i >= load.warm_up)
        out.latency_ns.push_back(end - static_cast<std::int64_t>(pace.intended(i)));
    }
  });
  for (std::uint64_t i = 0; i < load.count; ++i) {
    pace.wait(i, load.warm_up, wall_ns, sleep_most);
    {
      const std::lock_guard lock(mutex);
      queue.push_back(commands[i]);
    }
    has_come.notify_one();
  }
  taker.join();
  out.reached = rate_between(load.count - load.warm_up, begin, end);
  out.late_percent = pace.late_percent();
  out.slip_ns = static_cast<double>(pace.slip_most());
  return out;
}

}  // namespace bourse
