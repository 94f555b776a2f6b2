#include "replay/stream/key_value.h"

#include <nats/nats.h>

#include <utility>

#include <fmt/format.h>

namespace bourse {
namespace {

// The server's words for a race that was lost; the library passes on no code for it.
bool is_lost_race(natsStatus status) {
  const char* const words = nats_GetLastError(nullptr);
  return status == NATS_ERR && words != nullptr &&
         std::string_view(words).find("wrong last sequence") != std::string_view::npos;
}

}  // namespace

void KeyValue::Destroy::operator()(kvStore* store) const { kvStore_Destroy(store); }

Result<KeyValue> KeyValue::open(JetStream& server, const KeyValueOptions& options) {
  kvStore* store = nullptr;
  natsStatus status = js_KeyValue(&store, server.context(), options.bucket.c_str());
  if (status == NATS_NOT_FOUND) {
    kvConfig config;
    kvConfig_Init(&config);
    config.Bucket = options.bucket.c_str();
    config.History = 1;
    config.Replicas = options.replicas;
    config.TTL = std::chrono::nanoseconds(options.ttl).count();
    status = js_CreateKeyValue(&store, server.context(), &config);
    // Another process may have made it meanwhile, with the same settings or not.
    if (status != NATS_OK) status = js_KeyValue(&store, server.context(), options.bucket.c_str());
  }
  if (status != NATS_OK) {
    return std::unexpected(nats_error(status, fmt::format("opening the bucket {}", options.bucket),
                                      server.options().url));
  }
  return KeyValue(server, options.bucket, store);
}

Result<std::optional<KeyValue::Entry>> KeyValue::get(const std::string& key) {
  kvEntry* found = nullptr;
  const natsStatus status = kvStore_Get(&found, store_.get(), key.c_str());
  if (status == NATS_NOT_FOUND) return std::nullopt;
  if (status != NATS_OK) {
    return std::unexpected(
        nats_error(status, fmt::format("reading {} of {}", key, bucket_), server_->options().url));
  }
  Entry entry;
  entry.value.assign(static_cast<const char*>(kvEntry_Value(found)),
                     static_cast<std::size_t>(kvEntry_ValueLen(found)));
  entry.revision = kvEntry_Revision(found);
  kvEntry_Destroy(found);
  return entry;
}

Result<std::optional<std::uint64_t>> KeyValue::written(int status, std::uint64_t revision,
                                                       const std::string& key) {
  const auto code = static_cast<natsStatus>(status);
  if (code == NATS_OK) return revision;
  if (is_lost_race(code)) return std::nullopt;
  return std::unexpected(
      nats_error(code, fmt::format("writing {} of {}", key, bucket_), server_->options().url));
}

Result<std::optional<std::uint64_t>> KeyValue::create(const std::string& key,
                                                      std::string_view value) {
  std::uint64_t revision = 0;
  const natsStatus status = kvStore_Create(&revision, store_.get(), key.c_str(), value.data(),
                                           static_cast<int>(value.size()));
  return written(status, revision, key);
}

Result<std::optional<std::uint64_t>> KeyValue::update(const std::string& key,
                                                      std::string_view value,
                                                      std::uint64_t revision) {
  std::uint64_t made = 0;
  const natsStatus status = kvStore_Update(&made, store_.get(), key.c_str(), value.data(),
                                           static_cast<int>(value.size()), revision);
  return written(status, made, key);
}

}  // namespace bourse
