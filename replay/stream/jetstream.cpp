#include "replay/stream/jetstream.h"

#include <nats/nats.h>
#include <simdjson.h>

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace bourse {
namespace {

// A server that stops answering is left for another one within about two of these.
constexpr std::int64_t ping_interval_ms = 2000;
constexpr int pings_unanswered_max = 2;
constexpr std::int64_t reconnect_wait_ms = 100;
constexpr std::int64_t reconnect_jitter_ms = 50;
constexpr const char* expected_last_header = "Nats-Expected-Last-Sequence";

std::int64_t milliseconds_of(std::chrono::milliseconds time) { return time.count(); }

std::vector<std::string> servers_of(const std::string& url) {
  std::vector<std::string> servers;
  for (std::size_t from = 0; from <= url.size();) {
    const std::size_t comma = std::min(url.find(',', from), url.size());
    if (comma > from) servers.push_back(url.substr(from, comma - from));
    from = comma + 1;
  }
  return servers;
}

Error server_error(int code, std::string_view words, std::string_view operation,
                   const std::string& url) {
  return {ExitCode::unreachable,
          fmt::format("{}: the server refused ({}): {}", operation, code, words), url,
          "see the server's log"};
}

}  // namespace

Error nats_error(int status, std::string_view operation, const std::string& url) {
  const auto code = static_cast<natsStatus>(status);
  const char* const more = nats_GetLastError(nullptr);
  std::string words = natsStatus_GetText(code);
  if (code == NATS_ERR && more != nullptr && *more != '\0') words = more;
  const bool is_wrong = code == NATS_INVALID_ARG || code == NATS_ADDRESS_MISSING ||
                        code == NATS_CONNECTION_AUTH_FAILED || code == NATS_NOT_PERMITTED;
  return {is_wrong ? ExitCode::bad_config : ExitCode::unreachable,
          fmt::format("{}: {}", operation, words), url,
          is_wrong ? "mend stream.url" : "start nats-server with JetStream, or mend stream.url"};
}

void StreamMessage::Destroy::operator()(natsMsg* message) const { natsMsg_Destroy(message); }

std::string_view StreamMessage::header(const char* name) const {
  const char* value = nullptr;
  if (natsMsgHeader_Get(message_.get(), name, &value) != NATS_OK || value == nullptr) return {};
  return value;
}

std::span<const std::byte> StreamMessage::body() const {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): bytes as the library has them
  return {reinterpret_cast<const std::byte*>(natsMsg_GetData(message_.get())),
          static_cast<std::size_t>(natsMsg_GetDataLength(message_.get()))};
}

// A delivered message tells its place in the subject that would acknowledge it:
// $JS.ACK.[domain.account.]stream.consumer.deliveries.STREAM SEQUENCE.…
std::uint64_t StreamMessage::stream_sequence() const {
  if (const std::uint64_t known = natsMsg_GetSequence(message_.get()); known != 0) return known;
  const char* const reply = natsMsg_GetReply(message_.get());
  if (reply == nullptr) return 0;
  std::vector<std::string_view> tokens;
  const std::string_view text = reply;
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t dot = std::min(text.find('.', from), text.size());
    tokens.push_back(text.substr(from, dot - from));
    from = dot + 1;
  }
  if (tokens.size() < 9 || tokens[0] != "$JS" || tokens[1] != "ACK") return 0;
  std::uint64_t sequence = 0;
  for (const char digit : tokens[tokens.size() == 9 ? 5 : 7]) {
    if (digit < '0' || digit > '9') return 0;
    sequence = sequence * 10 + static_cast<std::uint64_t>(digit - '0');
  }
  return sequence;
}

PublishOutcome publish_answer(const StreamMessage& answer) {
  PublishOutcome out;
  if (natsMsg_IsNoResponders(answer.get())) {
    out.state = PublishState::unknown;
    out.error = {ExitCode::unreachable,
                 "no stream takes what is published",
                 {},
                 "the stream is gone, or its servers have no leader"};
    return out;
  }
  const auto bytes = answer.body();
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): JSON text
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  simdjson::dom::parser parser;
  simdjson::dom::element json;
  if (parser.parse(simdjson::padded_string(text)).get(json) != simdjson::SUCCESS) {
    out.error = {ExitCode::unreachable, "the answer to a publish is not JSON", {}, {}};
    return out;
  }
  simdjson::dom::element error;
  if (json["error"].get(error) == simdjson::SUCCESS) {
    std::uint64_t code = 0;
    std::string_view words = "it gave no reason";
    if (error["err_code"].get(code) != simdjson::SUCCESS) code = 0;
    if (error["description"].get(words) != simdjson::SUCCESS) words = "it gave no reason";
    out.state = code == JSStreamWrongLastSequenceErr ? PublishState::fenced : PublishState::refused;
    out.error = server_error(static_cast<int>(code), words, "publishing", {});
    return out;
  }
  if (json["seq"].get(out.stream_sequence) != simdjson::SUCCESS) {
    out.error = {ExitCode::unreachable, "the answer to a publish names no sequence", {}, {}};
    return out;
  }
  out.state = PublishState::stored;
  return out;
}

OutgoingMessage::OutgoingMessage(const std::string& subject, std::span<const std::byte> body,
                                 std::uint64_t expected_last, const char* reply) {
  natsMsg* made = nullptr;
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): bytes as the library has them
  const char* const data = reinterpret_cast<const char*>(body.data());
  natsMsg_Create(&made, subject.c_str(), reply, data, static_cast<int>(body.size()));
  message_ = StreamMessage(made);
  // Always, also for 0: jsPubOptions would leave it out, and an empty stream be published to twice.
  set(expected_last_header, std::to_string(expected_last));
}

void OutgoingMessage::set(const char* header, const std::string& value) {
  natsMsgHeader_Set(message_.get(), header, value.c_str());
}

struct JetStream::State {
  JetStreamOptions options;
  natsConnection* connection = nullptr;
  jsCtx* context = nullptr;

  ~State() {
    jsCtx_Destroy(context);
    natsConnection_Destroy(connection);
  }
};

JetStream::JetStream(std::unique_ptr<State> state) : state_(std::move(state)) {}
JetStream::JetStream(JetStream&&) noexcept = default;
JetStream& JetStream::operator=(JetStream&&) noexcept = default;
JetStream::~JetStream() = default;

Result<JetStream> JetStream::connect(const JetStreamOptions& options) {
  auto state = std::make_unique<State>();
  state->options = options;
  std::vector<std::string> names = servers_of(options.url);
  std::vector<const char*> servers;
  for (const std::string& name : names) servers.push_back(name.c_str());
  natsOptions* made = nullptr;
  natsStatus status = natsOptions_Create(&made);
  const std::unique_ptr<natsOptions, decltype(&natsOptions_Destroy)> to(made, &natsOptions_Destroy);
  const auto then = [&status](auto set, auto... values) {
    if (status == NATS_OK) status = set(values...);
  };
  then(natsOptions_SetServers, made, servers.data(), static_cast<int>(servers.size()));
  then(natsOptions_SetName, made, options.name.c_str());
  then(natsOptions_SetTimeout, made, milliseconds_of(options.timeout));
  then(natsOptions_SetMaxReconnect, made, -1);
  then(natsOptions_SetReconnectWait, made, reconnect_wait_ms);
  then(natsOptions_SetReconnectJitter, made, reconnect_jitter_ms, reconnect_jitter_ms);
  then(natsOptions_SetPingInterval, made, ping_interval_ms);
  then(natsOptions_SetMaxPingsOut, made, pings_unanswered_max);
  then(natsOptions_SetWriteDeadline, made, milliseconds_of(options.timeout));
  then(natsOptions_SetSendAsap, made, true);
  then(natsConnection_Connect, &state->connection, made);
  if (status != NATS_OK) {
    return std::unexpected(nats_error(status, "connecting to NATS", options.url));
  }
  jsOptions js;
  jsOptions_Init(&js);
  js.Wait = milliseconds_of(options.timeout);
  status = natsConnection_JetStream(&state->context, state->connection, &js);
  if (status != NATS_OK) {
    return std::unexpected(nats_error(status, "opening JetStream", options.url));
  }
  return JetStream(std::move(state));
}

Result<void> JetStream::ensure_stream(const StreamOptions& options) {
  const std::string& url = state_->options.url;
  const char* subject = options.subject.c_str();
  jsStreamConfig config;
  jsStreamConfig_Init(&config);
  config.Name = options.name.c_str();
  config.Subjects = &subject;
  config.SubjectsLen = 1;
  config.Replicas = options.replicas;
  config.MaxAge = std::chrono::nanoseconds(options.max_age).count();
  config.AllowDirect = true;
  config.DenyDelete = true;
  config.DenyPurge = true;
  jsErrCode code{};
  jsStreamInfo* info = nullptr;
  natsStatus status = js_GetStreamInfo(&info, state_->context, config.Name, nullptr, &code);
  if (status == NATS_NOT_FOUND || code == JSStreamNotFoundErr) {
    status = js_AddStream(nullptr, state_->context, &config, nullptr, &code);
  } else if (status == NATS_OK) {
    const bool is_wanted =
        info->Config->Replicas == config.Replicas && info->Config->MaxAge == config.MaxAge;
    jsStreamInfo_Destroy(info);
    if (is_wanted) return {};
    status = js_UpdateStream(nullptr, state_->context, &config, nullptr, &code);
  }
  if (status == NATS_OK) return {};
  Error error = nats_error(status, fmt::format("making the stream {}", options.name), url);
  if (code != 0) error.what += fmt::format(" (JetStream's code {})", static_cast<int>(code));
  return std::unexpected(std::move(error));
}

Result<std::optional<StreamState>> JetStream::stream_state(const std::string& stream) {
  jsStreamInfo* info = nullptr;
  jsErrCode code{};
  const natsStatus status =
      js_GetStreamInfo(&info, state_->context, stream.c_str(), nullptr, &code);
  if (status == NATS_NOT_FOUND || code == JSStreamNotFoundErr) return std::nullopt;
  if (status != NATS_OK) {
    return std::unexpected(
        nats_error(status, fmt::format("asking for the stream {}", stream), state_->options.url));
  }
  StreamState state{.first = info->State.FirstSeq,
                    .last = info->State.LastSeq,
                    .messages = info->State.Msgs,
                    .bytes = info->State.Bytes,
                    .leader = {}};
  if (info->Cluster != nullptr && info->Cluster->Leader != nullptr) {
    state.leader = info->Cluster->Leader;
  }
  jsStreamInfo_Destroy(info);
  return state;
}

Result<std::optional<StreamMessage>> JetStream::message(const std::string& stream,
                                                        std::uint64_t sequence, bool direct) {
  natsMsg* found = nullptr;
  jsErrCode code{};
  natsStatus status = NATS_OK;
  if (direct) {
    jsDirectGetMsgOptions which;
    jsDirectGetMsgOptions_Init(&which);
    which.Sequence = sequence;
    status = js_DirectGetMsg(&found, state_->context, stream.c_str(), nullptr, &which);
  } else {
    status = js_GetMsg(&found, state_->context, stream.c_str(), sequence, nullptr, &code);
  }
  if (status == NATS_NOT_FOUND || code == JSNoMessageFoundErr) return std::nullopt;
  if (status != NATS_OK) {
    return std::unexpected(nats_error(
        status, fmt::format("reading message {} of {}", sequence, stream), state_->options.url));
  }
  return StreamMessage(found);
}

PublishOutcome JetStream::publish(OutgoingMessage message) {
  natsMsg* answer = nullptr;
  const natsStatus status = natsConnection_RequestMsg(&answer, state_->connection, message.get(),
                                                      milliseconds_of(state_->options.timeout));
  if (status != NATS_OK) {
    return {PublishState::unknown, 0, nats_error(status, "publishing", state_->options.url)};
  }
  return publish_answer(StreamMessage(answer));
}

bool JetStream::is_connected() const {
  return natsConnection_Status(state_->connection) == NATS_CONN_STATUS_CONNECTED;
}
std::int64_t JetStream::max_payload() const {
  return natsConnection_GetMaxPayload(state_->connection);
}
const JetStreamOptions& JetStream::options() const { return state_->options; }
natsConnection* JetStream::connection() const { return state_->connection; }
jsCtx* JetStream::context() const { return state_->context; }

}  // namespace bourse
