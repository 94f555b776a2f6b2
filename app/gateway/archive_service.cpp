#include "app/gateway/archive_service.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "replay/disk/directory.h"        // list_directory
#include "replay/stream/archive_range.h"  // ArchiveDesk
#include "replay/stream/mailbox.h"        // Mailbox, send_message
#include "replay/upkeep/log_check.h"      // check_log, check_segment

namespace bourse {
namespace {

using namespace std::chrono_literals;

constexpr auto pause = 500ms;
constexpr auto listen_wait = 100ms;
constexpr int lowest_priority = 19;

void tell(const Finding& finding) {
  if (finding.kind == FindingKind::note) return;
  spdlog::error("the archive is damaged: {}, bytes {} to {}: {}", finding.file, finding.from_byte,
                finding.to_byte, finding.what);
}

}  // namespace

ArchiveService::ArchiveService(JetStreamOptions server, StreamNames names, const Log& log,
                               Metrics& metrics, const MetricLabels& labels)
    : server_(std::move(server)), names_(std::move(names)), log_(log) {
  const auto counter = [&](std::string_view name, std::string_view help,
                           const std::atomic<std::uint64_t>& value) {
    metrics.sampled(Metrics::Kind::counter, name, help, labels,
                    [&value] { return static_cast<double>(value.load()); });
  };
  counter("bourse_archive_answers_total", "Ranges given to gateways", answers_);
  counter("bourse_archive_segments_checked_total", "Segments of which every byte was checked",
          segments_);
  counter("bourse_archive_damages_total", "Things found damaged", damages_);
}

void ArchiveService::start() {
  desk_ = std::jthread([this](const std::stop_token& stop) { answer(stop); });
  checker_ = std::jthread([this](const std::stop_token& stop) { check(stop); });
}

void ArchiveService::stop() {
  for (std::jthread* thread : {&desk_, &checker_}) {
    thread->request_stop();
    if (thread->joinable()) thread->join();
  }
}

void ArchiveService::answer(const std::stop_token& stop) {
  std::optional<JetStream> server;
  std::optional<Mailbox> requests;
  ArchiveDesk desk(log_);
  while (!stop.stop_requested()) {
    if (!requests) {
      if (auto connected = JetStream::connect(server_)) {
        server.emplace(std::move(*connected));
        if (auto opened = Mailbox::open(*server, names_.archive))
          requests.emplace(std::move(*opened));
      }
      if (!requests) std::this_thread::sleep_for(pause);
    } else if (const auto request = requests->next(listen_wait)) {
      const auto bytes = desk.answer(request->bytes());
      if (bytes.empty()) continue;
      send_message(*server, std::string(request->reply_to()), bytes);
      answers_.fetch_add(1, std::memory_order_relaxed);
    }
  }
}

// At first how the segments follow one another, by their headers and footers: each names the hash
// of the one before it. Then every byte of each.
void ArchiveService::check(const std::stop_token& stop) {
  ::setpriority(PRIO_PROCESS, 0, lowest_priority);
  if (const auto chain =
          check_log(log_.disk(), log_.directory(), CheckDepth::ends, [](std::uint64_t) {}, false))
    for (const Finding& finding : chain->findings) {
      tell(finding);
      damages_ += finding.kind != FindingKind::note;
    }
  while (!stop.stop_requested()) {
    check_what_is_new(stop);
    std::this_thread::sleep_for(pause);
  }
}

void ArchiveService::check_what_is_new(const std::stop_token& stop) {
  const auto listing = list_directory(log_.disk(), log_.directory());
  if (!listing) return;
  for (const SegmentName& name : listing->segments) {
    if (!name.sealed || checked_.contains(name.base.value()) || stop.stop_requested()) continue;
    std::vector<Finding> findings;
    check_segment(
        log_.disk(), log_.directory(), name, [](const SegmentHeader*) { return SegmentPromise{}; },
        CheckDepth::everything, [](std::uint64_t) {}, findings);
    // It may have been compressed meanwhile: then it is looked at again under its new name.
    const auto now = list_directory(log_.disk(), log_.directory());
    if (now && std::ranges::find(now->segments, name) == now->segments.end()) continue;
    for (const Finding& finding : findings) {
      tell(finding);
      damages_ += finding.kind != FindingKind::note;
    }
    checked_.insert(name.base.value());
    segments_.fetch_add(1, std::memory_order_relaxed);
  }
}

void ArchiveService::add_reasons_not_ready(std::vector<std::string>& reasons) const {
  if (const std::uint64_t damages = damages_.load())
    reasons.push_back(fmt::format("{} damages found in the archive", damages));
}

}  // namespace bourse
