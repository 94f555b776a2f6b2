#include "replay/stream/lease_store.h"

#include <utility>

namespace bourse {

BucketLeaseStore::BucketLeaseStore(JetStreamOptions server, KeyValueOptions bucket)
    : server_options_(std::move(server)), bucket_options_(std::move(bucket)) {}

Result<void> BucketLeaseStore::open() {
  if (!server_) {
    auto connected = JetStream::connect(server_options_);
    if (!connected) return std::unexpected(std::move(connected.error()));
    server_.emplace(std::move(*connected));
  }
  if (!bucket_) {
    auto opened = KeyValue::open(*server_, bucket_options_);
    if (!opened) return std::unexpected(std::move(opened.error()));
    bucket_.emplace(std::move(*opened));
  }
  return {};
}

Result<std::optional<LeaseStore::Entry>> BucketLeaseStore::read(const std::string& key) {
  if (auto opened = open(); !opened) return std::unexpected(std::move(opened.error()));
  auto found = bucket_->get(key);
  if (!found) {
    bucket_.reset();  // perhaps the servers have lost it
    return std::unexpected(std::move(found.error()));
  }
  if (!*found) return std::nullopt;
  return Entry{.revision = (*found)->revision, .value = std::move((*found)->value)};
}

Result<std::optional<std::uint64_t>> BucketLeaseStore::write(const std::string& key,
                                                             const std::string& value,
                                                             std::uint64_t expected) {
  if (auto opened = open(); !opened) return std::unexpected(std::move(opened.error()));
  auto written =
      expected == 0 ? bucket_->create(key, value) : bucket_->update(key, value, expected);
  if (!written) bucket_.reset();
  return written;
}

}  // namespace bourse
