#include "replay/stream/lease.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <simdjson.h>

#include "matching/check.h"  // CHECK

namespace bourse {
namespace {

// A name in a lease is the configuration's or a URL; what would need an escape is left out.
std::string plain(std::string_view text) {
  std::string out;
  for (const char c : text)
    if (c >= ' ' && c < 127 && c != '"' && c != '\\') out += c;
  return out;
}

std::unexpected<Error> unreadable(std::string_view text) {
  return fail(ExitCode::data_damaged, "the lease cannot be read",
              fmt::format("\"{}\"", plain(text.substr(0, 200))),
              "was it written by another program? nobody takes it over; remove the key once no "
              "exchange is running");
}

}  // namespace

const char* to_string(LeaseState state) {
  switch (state) {
    case LeaseState::candidate:
      return "candidate";
    case LeaseState::held:
      return "held";
    case LeaseState::unsure:
      return "unsure";
    case LeaseState::lost:
      return "lost";
  }
  return "?";
}

std::string lease_text(const LeaseValue& value) {
  return fmt::format(
      R"({{"epoch":{},"node":"{}","life":"{}","url":"{}","released":{},"channels":{}}})",
      value.epoch.value(), plain(value.node), plain(value.life), plain(value.url), value.released,
      value.channels);
}

Result<LeaseValue> parse_lease(std::string_view text) {
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  const simdjson::padded_string padded(text);
  if (parser.parse(padded).get(object) != simdjson::SUCCESS) return unreadable(text);
  std::uint64_t epoch = 0;
  std::string_view node;
  std::string_view life;
  std::string_view url;
  bool released = false;
  if (object["epoch"].get(epoch) != simdjson::SUCCESS || epoch == 0 || epoch > 0xffffffff ||
      object["node"].get(node) != simdjson::SUCCESS ||
      object["life"].get(life) != simdjson::SUCCESS || life.empty() ||
      object["url"].get(url) != simdjson::SUCCESS ||
      object["released"].get(released) != simdjson::SUCCESS)
    return unreadable(text);
  std::uint64_t channels = 0;
  if (object["channels"].get(channels) == simdjson::INCORRECT_TYPE || channels > 0xffffffff)
    return unreadable(text);
  return LeaseValue{.epoch = Epoch{static_cast<std::uint32_t>(epoch)},
                    .node = std::string(node),
                    .life = std::string(life),
                    .url = std::string(url),
                    .released = released,
                    .channels = static_cast<std::uint32_t>(channels)};
}

Lease::Lease(LeaseStore& store, LeaseOptions options, std::string life)
    : store_(store), options_(std::move(options)), life_(std::move(life)) {
  CHECK(!life_.empty());
  mine_.node = plain(options_.node);
  mine_.life = life_;
  mine_.channels = options_.channels;
}

LeaseState Lease::step(std::int64_t now) {
  const std::lock_guard lock(lock_);
  switch (state()) {
    case LeaseState::candidate:
      return settle(look(now));
    case LeaseState::held:
    case LeaseState::unsure:
      return settle(renew(now));
    case LeaseState::lost:
      break;
  }
  return LeaseState::lost;
}

void Lease::may_take(bool may, Epoch last_epoch) {
  const std::lock_guard lock(lock_);
  may_take_ = may;
  last_epoch_ = last_epoch;
}

void Lease::set_url(std::string url) {
  const std::lock_guard lock(lock_);
  mine_.url = plain(url);
}

Result<bool> Lease::confirm(std::int64_t now) {
  const std::lock_guard lock(lock_);
  if (state() != LeaseState::held && state() != LeaseState::unsure) return false;
  const std::uint64_t before = renewals();
  if (settle(renew(now)) == LeaseState::lost) return false;
  if (renewals() != before) return true;
  return error_ ? std::unexpected(*error_)
                : fail(ExitCode::unreachable, "the lease could not be renewed now", options_.key);
}

void Lease::release() {
  const std::lock_guard lock(lock_);
  if (state() != LeaseState::held) return;
  mine_.released = true;
  // Unanswered or not: this process leads no longer, and the others find out by themselves.
  (void)store_.write(options_.key, lease_text(mine_), revision_);
  settle(LeaseState::lost);
}

Epoch Lease::epoch() const {
  const std::lock_guard lock(lock_);
  return mine_.epoch;
}

std::optional<LeaseValue> Lease::leader() const {
  const std::lock_guard lock(lock_);
  return leader_;
}

std::optional<Error> Lease::last_error() const {
  const std::lock_guard lock(lock_);
  return error_;
}

LeaseState Lease::look(std::int64_t now) {
  auto found = store_.read(options_.key);
  if (!found) return failed(std::move(found.error()), now);
  error_.reset();
  if (!*found) {
    leader_.reset();
    has_seen_ = false;
    if (!absent_since_) absent_since_ = now;
    // Who leads makes the key again at once, or after takeover_ns if it was unsure.
    const bool is_orphan = seen_ && now - *absent_since_ >= 2 * options_.takeover_ns;
    if (!may_take_ || !(options_.may_found || is_orphan)) return LeaseState::candidate;
    return take(now, 0, seen_.value_or(Epoch{0}));
  }
  absent_since_.reset();
  auto value = parse_lease((*found)->value);
  if (!value) return failed(std::move(value.error()), now);
  leader_ = *value;
  seen_ = value->epoch;
  if (value->channels != 0 && value->channels != mine_.channels)
    return failed({ExitCode::bad_config,
                   fmt::format("the exchange has {} channels, and this node {}", value->channels,
                               mine_.channels),
                   fmt::format("lease of node {}", mine_.node),
                   fmt::format("set engine.channels = {}, with another journal.directory; a new "
                               "exchange takes another stream.subject",
                               value->channels)},
                  now);
  // Taken, but the answer was lost.
  if (is_mine(*value)) return write(now, (*found)->revision);
  if (!has_seen_ || (*found)->revision != revision_) {
    revision_ = (*found)->revision;
    since_ = now;
    has_seen_ = true;
  }
  const bool is_free = value->released || now - since_ >= options_.takeover_ns;
  return may_take_ && is_free ? take(now, revision_, value->epoch) : LeaseState::candidate;
}

LeaseState Lease::take(std::int64_t now, std::uint64_t revision, Epoch above) {
  mine_.epoch = Epoch{std::max({above.value(), last_epoch_.value(), mine_.epoch.value()}) + 1};
  return write(now, revision);
}

// A candidate's or a holder's, over this revision.
LeaseState Lease::write(std::int64_t now, std::uint64_t revision) {
  auto written = store_.write(options_.key, lease_text(mine_), revision);
  if (!written) return failed(std::move(written.error()), now);
  error_.reset();
  if (!*written) {  // somebody was faster, and has a new revision
    if (state() == LeaseState::candidate) has_seen_ = false;
    return state();
  }
  revision_ = **written;
  since_ = now;
  has_seen_ = false;
  absent_since_.reset();
  leader_ = mine_;
  renewals_.fetch_add(1, std::memory_order_relaxed);
  return LeaseState::held;
}

LeaseState Lease::renew(std::int64_t now) {
  const std::uint64_t before = renewals();
  if (const LeaseState next = write(now, revision_); renewals() != before || error_) return next;
  // Not our revision. Ours all the same, if it was a renewal whose answer was lost: then it is
  // written once more, because nobody knows since when the others have seen that one.
  auto found = store_.read(options_.key);
  if (!found) return failed(std::move(found.error()), now);
  if (!*found) return found_again(now);
  absent_since_.reset();
  const auto value = parse_lease((*found)->value);
  if (value && is_mine(*value)) return write(now, (*found)->revision);
  if (value) leader_ = *value;
  return LeaseState::lost;
}

// The store has lost the key: all of its disks were cut. Only who has held it makes it again; who
// was unsure gives another holder, which does so at once, the time to show itself.
LeaseState Lease::found_again(std::int64_t now) {
  if (!absent_since_) absent_since_ = now;
  if (now - since_ >= options_.hold_ns && now - *absent_since_ < options_.takeover_ns)
    return LeaseState::unsure;
  absent_since_.reset();
  return write(now, 0);
}

LeaseState Lease::failed(Error error, std::int64_t now) {
  error_ = std::move(error);
  absent_since_.reset();
  // Nobody could renew at a store that does not answer: what passed meanwhile does not count.
  if (state() == LeaseState::candidate) {
    has_seen_ = false;
    return LeaseState::candidate;
  }
  return now - since_ >= options_.hold_ns ? LeaseState::unsure : state();
}

LeaseState Lease::settle(LeaseState next) {
  state_.store(next, std::memory_order_release);
  return next;
}

bool Lease::is_mine(const LeaseValue& value) const {
  return value.life == life_ && value.epoch == mine_.epoch && !value.released;
}

}  // namespace bourse
