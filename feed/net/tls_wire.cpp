#include "feed/net/tls_wire.h"

#include <linux/sockios.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "matching/check.h"  // CHECK

namespace bourse {

void CipherText::reserve(std::size_t bytes) {
  if (bytes <= capacity_) return;
  std::unique_ptr<std::byte[]> larger(new std::byte[bytes]);
  const std::size_t kept = size();
  if (kept > 0) std::memcpy(larger.get(), data_.get() + begin_, kept);
  data_ = std::move(larger);
  begin_ = 0;
  end_ = kept;
  capacity_ = bytes;
}

void CipherText::append(std::span<const std::byte> bytes) {
  if (end_ + bytes.size() > capacity_) {
    const std::size_t needed = size() + bytes.size();
    reserve(needed > 2 * capacity_ ? needed : 2 * capacity_);
  }
  std::memcpy(data_.get() + end_, bytes.data(), bytes.size());
  end_ += bytes.size();
}

void CipherText::consume(std::size_t bytes) {
  CHECK(bytes <= size());
  begin_ += bytes;
  if (begin_ < end_) return;
  begin_ = end_ = capacity_ = 0;
  data_.reset();
}

// The write side of an open connection: OpenSSL believes that it writes to a socket which takes
// everything at once.
struct CaptureBio {
  static int write(BIO* bio, const char* data, std::size_t length, std::size_t* written) {
    auto* wire = static_cast<TlsWire*>(BIO_get_data(bio));
    wire->capture_into_->append({reinterpret_cast<const std::byte*>(data), length});
    *written = length;
    return 1;
  }
  static long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }
  static int create(BIO* bio) {
    BIO_set_init(bio, 1);
    return 1;
  }
  static const BIO_METHOD* method() {
    static BIO_METHOD* const made = [] {
      BIO_METHOD* m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "capture");
      CHECK(m != nullptr);
      BIO_meth_set_write_ex(m, write);
      BIO_meth_set_ctrl(m, control);
      BIO_meth_set_create(m, create);
      return m;
    }();
    return made;
  }
};

void TlsWire::SslFree::operator()(ssl_st* ssl) const { SSL_free(ssl); }

TlsWire::TlsWire(const TlsContext& context, int fd, Role role)
    : ssl_(SSL_new(context.native())), capture_into_(&pending_), fd_(fd) {
  CHECK(ssl_ != nullptr);
  CHECK(SSL_set_fd(ssl_.get(), fd) == 1);
  if (role == Role::server)
    SSL_set_accept_state(ssl_.get());
  else
    SSL_set_connect_state(ssl_.get());
}

TlsWire::~TlsWire() = default;

TlsWire::Step TlsWire::step_of(int returned) {
  const int saved_errno = errno;
  switch (SSL_get_error(ssl_.get(), returned)) {
    case SSL_ERROR_WANT_READ:
      return Step::want_read;
    case SSL_ERROR_WANT_WRITE:
      return Step::want_write;
    case SSL_ERROR_ZERO_RETURN:
      failed_ = true;
      return Step::ended;
    case SSL_ERROR_SYSCALL:
      failed_ = true;
      error_ = saved_errno != 0 ? std::strerror(saved_errno) : "connection ended";
      return Step::ended;
    default:
      break;
  }
  failed_ = true;
  const unsigned long code = ERR_peek_error();
  const int reason = ERR_GET_LIB(code) == ERR_LIB_SSL ? ERR_GET_REASON(code) : 0;
  error_ = tls_error_text();
  if (reason == SSL_R_UNEXPECTED_EOF_WHILE_READING) return Step::ended;
  if (reason == SSL_R_HTTP_REQUEST) return Step::plain_http;
  return Step::failed;
}

TlsWire::Step TlsWire::handshake() {
  if (failed_) return Step::failed;
  ERR_clear_error();
  errno = 0;
  const int returned = SSL_do_handshake(ssl_.get());
  if (returned != 1) return step_of(returned);
  start_capture();
  return Step::done;
}

std::string TlsWire::peer_name() const {
  const X509* const certificate = SSL_get0_peer_certificate(ssl_.get());
  if (certificate == nullptr || SSL_get_verify_result(ssl_.get()) != X509_V_OK) return {};
  char name[256] = "";
  const int length = X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName,
                                               name, sizeof name);
  return length > 0 ? std::string(name, static_cast<std::size_t>(length)) : "unnamed";
}

void TlsWire::start_capture() {
  BIO* bio = BIO_new(CaptureBio::method());
  CHECK(bio != nullptr);
  BIO_set_data(bio, this);
  SSL_set0_wbio(ssl_.get(), bio);
  open_ = true;
}

TlsWire::Step TlsWire::read(std::span<std::byte> into, std::size_t& bytes) {
  bytes = 0;
  if (failed_) return Step::failed;
  ERR_clear_error();
  errno = 0;
  const int returned = SSL_read_ex(ssl_.get(), into.data(), into.size(), &bytes);
  return returned == 1 ? Step::done : step_of(returned);
}

bool TlsWire::encrypt(std::span<const std::byte> plain, CipherText& into) {
  CHECK(open_ && pending_.empty());
  CHECK(!plain.empty() && plain.size() <= record_bytes_max);
  if (failed_) return false;
  ERR_clear_error();
  std::size_t taken = 0;
  capture_into_ = &into;
  const int returned = SSL_write_ex(ssl_.get(), plain.data(), plain.size(), &taken);
  capture_into_ = &pending_;
  if (returned == 1) {
    CHECK(taken == plain.size());
    return true;
  }
  failed_ = true;
  error_ = tls_error_text();
  return false;
}

TlsWire::Sent TlsWire::send(std::span<const std::byte> cipher) {
  CHECK(pending_.empty());
  if (failed_) return Sent::failed;
  std::size_t sent = 0;
  while (sent < cipher.size()) {
    const ssize_t n = ::send(fd_, cipher.data() + sent, cipher.size() - sent, MSG_NOSIGNAL);
    if (n > 0) {
      sent += static_cast<std::size_t>(n);
      // A partial write says that the socket is full; asking again would cost a call to hear it.
      if (sent < cipher.size()) break;
    } else if (n < 0 && errno == EINTR) {
      continue;
    } else if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      break;
    } else {
      failed_ = true;
      error_ = std::strerror(errno);
      return Sent::failed;
    }
  }
  sent_bytes_ += sent;
  blocked_ = sent < cipher.size();
  if (blocked_) pending_.append(cipher.subspan(sent));
  return blocked_ ? Sent::blocked : Sent::all;
}

TlsWire::Sent TlsWire::flush() {
  if (failed_) return Sent::failed;
  while (!pending_.empty()) {
    const auto cipher = pending_.bytes();
    const ssize_t n = ::send(fd_, cipher.data(), cipher.size(), MSG_NOSIGNAL);
    if (n > 0) {
      sent_bytes_ += static_cast<std::size_t>(n);
      pending_.consume(static_cast<std::size_t>(n));
    } else if (n < 0 && errno == EINTR) {
      continue;
    } else if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      blocked_ = true;
      return Sent::blocked;
    } else {
      failed_ = true;
      error_ = std::strerror(errno);
      return Sent::failed;
    }
  }
  blocked_ = false;
  return Sent::all;
}

std::uint64_t TlsWire::taken_bytes() const {
  int queued = 0;
  if (::ioctl(fd_, SIOCOUTQ, &queued) != 0) return sent_bytes_;
  return sent_bytes_ - std::min(sent_bytes_, static_cast<std::uint64_t>(queued));
}

void TlsWire::say_goodbye() {
  if (open_ && !failed_) {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
    flush();
  }
  ::shutdown(fd_, SHUT_WR);
}

void TlsWire::queue_control(std::span<const std::byte> plain) {
  control_.append(reinterpret_cast<const char*>(plain.data()), plain.size());
}

}  // namespace bourse
