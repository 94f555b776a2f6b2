// The server's certificate and the TLS settings that go with it.
//   Shape:  TlsContext shares one SSL_CTX; copies are cheap and all mean the same context. Without
//           files a self-signed ECDSA P-256 certificate is made, for demos and tests. Connections
//           hold the context they were made from: a new one takes its place for those to come.
//   Owner:  made at start; any io thread makes connections from it.
//   Errors: a file that is missing, not PEM or does not fit its key: Error with the file's name.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "feed/feed_options.h"  // FeedOptions
#include "replay/result.h"      // Result

struct ssl_ctx_st;

namespace bourse {

class TlsContext {
 public:
  // TLS 1.3 (1.2 if options.tls12), AES-128-GCM first, X25519, one ticket whose key
  // is replaced in time, no renegotiation, no early data; client certificates if an authority is
  // named.
  // `kept_file`: where a self-signed certificate and its key are kept (mode 0600) and found again
  // at the next start, so that a browser's exception outlives a restart. Empty: made anew.
  static Result<TlsContext> server(const FeedOptions& options, const std::string& kept_file = "");
  // A client that does not ask who it talks to: benches, tests, a demo on one machine.
  static TlsContext client_without_verification();

  ssl_ctx_st* native() const { return context_.get(); }
  const std::string& certificate_pem() const { return certificate_pem_; }  // server: the leaf
  std::string fingerprint() const;  // SHA-256 of the leaf, "AB:CD:..."; "" for a client

 private:
  explicit TlsContext(std::shared_ptr<ssl_ctx_st> context) : context_(std::move(context)) {}

  std::shared_ptr<ssl_ctx_st> context_;
  std::string certificate_pem_;
};

// The newest entry of OpenSSL's error queue of this thread, which is emptied.
std::string tls_error_text();

}  // namespace bourse
