#include "feed/net/certificate.h"

#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <mutex>

#include "feed/net/certificate_maker.h"  // make_certificate, write_secret_file
#include "feed/net/ticket_keys.h"        // install_ticket_keys
#include "matching/check.h"              // CHECK

namespace bourse {

namespace {

constexpr std::uint32_t self_signed_days = 90;

CertificateWish wish_of(const FeedOptions& options) {
  return {.common_name = options.certificate_names.empty() ? options.server_name
                                                           : options.certificate_names.front(),
          .names = options.certificate_names,
          .days = self_signed_days};
}

void apply_settings(SSL_CTX* context) {
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_options(
      context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  // AES-128-GCM first: half the price of the others per record with AES-NI.
  CHECK(SSL_CTX_set_ciphersuites(context,
                                 "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"
                                 "TLS_CHACHA20_POLY1305_SHA256") == 1);
  CHECK(SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1);
  CHECK(SSL_CTX_set1_groups_list(context, "X25519:P-256") == 1);
}

std::shared_ptr<SSL_CTX> new_context(const SSL_METHOD* method) {
  std::shared_ptr<SSL_CTX> context(SSL_CTX_new(method), SSL_CTX_free);
  CHECK(context != nullptr);
  apply_settings(context.get());
  return context;
}

Result<void> use_files(SSL_CTX* context, const FeedOptions& options) {
  const std::string& chain = options.certificate_file;
  const std::string& key = options.private_key_file;
  if (chain.empty() || key.empty())
    return fail(ExitCode::bad_config, "certificate and private key must be named together", "",
                "give both files, or neither for a self-signed certificate");
  if (SSL_CTX_use_certificate_chain_file(context, chain.c_str()) != 1)
    return fail(ExitCode::file_missing, "no usable certificate: " + tls_error_text(), chain,
                "a readable PEM file, leaf first, then its issuers");
  if (SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) != 1)
    return fail(ExitCode::file_missing, "no usable private key: " + tls_error_text(), key,
                "a readable PEM file, not encrypted, that belongs to " + chain);
  return {};
}

bool is_named(X509* certificate, const std::string& name) {
  return is_ip_address(name)
             ? X509_check_ip_asc(certificate, name.c_str(), 0) == 1
             : X509_check_host(certificate, name.data(), name.size(), 0, nullptr) == 1;
}

// The pair that an earlier start has kept, if it names the same hosts and is good for a week more.
bool use_kept(SSL_CTX* context, const FeedOptions& options, const std::string& file) {
  if (file.empty() || ::access(file.c_str(), R_OK) != 0 ||
      SSL_CTX_use_certificate_file(context, file.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_use_PrivateKey_file(context, file.c_str(), SSL_FILETYPE_PEM) != 1) {
    tls_error_text();
    return false;
  }
  X509* certificate = SSL_CTX_get0_certificate(context);
  std::time_t in_a_week = std::time(nullptr) + 7L * 24 * 3600;
  if (X509_cmp_time(X509_get0_notAfter(certificate), &in_a_week) <= 0) return false;
  return std::all_of(options.certificate_names.begin(), options.certificate_names.end(),
                     [certificate](const auto& name) { return is_named(certificate, name); });
}

void use_pem(SSL_CTX* context, const CertificatePair& pair) {
  BIO* const certificate_in = BIO_new_mem_buf(pair.certificate.data(), -1);
  BIO* const key_in = BIO_new_mem_buf(pair.private_key.data(), -1);
  X509* const certificate = PEM_read_bio_X509(certificate_in, nullptr, nullptr, nullptr);
  EVP_PKEY* const key = PEM_read_bio_PrivateKey(key_in, nullptr, nullptr, nullptr);
  CHECK(SSL_CTX_use_certificate(context, certificate) == 1);
  CHECK(SSL_CTX_use_PrivateKey(context, key) == 1);
  X509_free(certificate);
  EVP_PKEY_free(key);
  BIO_free(certificate_in);
  BIO_free(key_in);
}

// Who shows a certificate of this authority is known by its name; who shows none is a stranger.
Result<void> ask_for_certificates(SSL_CTX* context, const FeedOptions& options) {
  const std::string& file = options.client_ca_file;
  if (file.empty()) {
    if (options.trade_needs_certificate || options.admin_needs_certificate)
      return fail(ExitCode::bad_config, "client certificates are needed, but of whom?",
                  "feed.client_ca_file", "name the PEM file of their authority");
    return {};
  }
  STACK_OF(X509_NAME)* const names = SSL_load_client_CA_file(file.c_str());
  if (names == nullptr || SSL_CTX_load_verify_file(context, file.c_str()) != 1) {
    sk_X509_NAME_pop_free(names, X509_NAME_free);
    return fail(ExitCode::file_missing, "no usable authority: " + tls_error_text(), file,
                "a readable PEM file: bourse keys ca makes one");
  }
  SSL_CTX_set_client_CA_list(context, names);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  return {};
}

// Development: the secrets of each connection, so that a dissector can read it.
Result<void> log_secrets(SSL_CTX* context, const FeedOptions& options) {
  if (!options.key_log) return {};
  const char* const file = std::getenv("SSLKEYLOGFILE");
  if (file == nullptr || *file == '\0')
    return fail(ExitCode::bad_config, "feed.key_log is set, but not the file to write to", "",
                "SSLKEYLOGFILE=FILE bourse serve ...; never where real orders are");
  static std::mutex mutex;
  static std::FILE* out = nullptr;
  const std::lock_guard lock(mutex);
  if (out == nullptr) {
    const int fd = ::open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0)
      return fail(ExitCode::cannot_create, std::strerror(errno), file, "a file to write to");
    out = ::fdopen(fd, "a");
    CHECK(out != nullptr);
  }
  SSL_CTX_set_keylog_callback(context, [](const SSL*, const char* line) {
    const std::lock_guard writing(mutex);
    std::fprintf(out, "%s\n", line);
    std::fflush(out);
  });
  return {};
}

std::string pem_of(X509* certificate) {
  if (certificate == nullptr) return {};
  BIO* const out = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(out, certificate);
  char* text = nullptr;
  const long length = BIO_get_mem_data(out, &text);
  std::string pem(text, static_cast<std::size_t>(length));
  BIO_free(out);
  return pem;
}

}  // namespace

Result<TlsContext> TlsContext::server(const FeedOptions& options, const std::string& kept_file) {
  std::shared_ptr<SSL_CTX> context = new_context(TLS_server_method());
  SSL_CTX* c = context.get();
  SSL_CTX_set_min_proto_version(c, options.tls12 ? TLS1_2_VERSION : TLS1_3_VERSION);
  SSL_CTX_set_num_tickets(c, 1);
  SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);  // tickets carry the state
  SSL_CTX_set_session_id_context(c, reinterpret_cast<const unsigned char*>("bourse"), 6);
  if (!options.certificate_file.empty() || !options.private_key_file.empty()) {
    if (auto used = use_files(c, options); !used) return std::unexpected(used.error());
  } else if (!use_kept(c, options, kept_file)) {
    const auto pair = make_certificate(wish_of(options));
    if (!pair) return std::unexpected(pair.error());
    use_pem(c, *pair);
    // Who cannot keep it goes on with one that lives as long as the process.
    if (!kept_file.empty())
      static_cast<void>(write_secret_file(kept_file, pair->certificate + pair->private_key, true));
  }
  install_ticket_keys(c, options.limits.ticket_rotation_s);
  if (auto asked = ask_for_certificates(c, options); !asked) return std::unexpected(asked.error());
  if (auto logged = log_secrets(c, options); !logged) return std::unexpected(logged.error());
  TlsContext made(std::move(context));
  made.certificate_pem_ = pem_of(SSL_CTX_get0_certificate(c));
  return made;
}

TlsContext TlsContext::client_without_verification() {
  std::shared_ptr<SSL_CTX> context = new_context(TLS_client_method());
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
  return TlsContext(std::move(context));
}

std::string TlsContext::fingerprint() const {
  const X509* certificate = SSL_CTX_get0_certificate(context_.get());
  if (certificate == nullptr) return {};
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  CHECK(X509_digest(certificate, EVP_sha256(), digest.data(), &length) == 1);
  std::string text;
  for (unsigned i = 0; i < length; ++i) {
    constexpr char hex[] = "0123456789ABCDEF";
    if (i > 0) text += ':';
    text += hex[digest[i] >> 4];
    text += hex[digest[i] & 15];
  }
  return text;
}

std::string tls_error_text() {
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  if (code == 0) return "unknown TLS error";
  const char* reason = ERR_reason_error_string(code);
  return reason != nullptr ? reason : "TLS error " + std::to_string(code);
}

}  // namespace bourse
