#include "feed/net/tls_wire.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "feed/net/certificate.h"  // TlsContext

namespace bourse {
namespace {

// Two ends of TLS with a throttled wire between them: every byte passes through our hands.
class Throttled {
 public:
  explicit Throttled(bool tls12 = false) {
    FeedOptions options;
    options.tls12 = tls12;
    context_ = std::make_unique<TlsContext>(*TlsContext::server(options));
    make_pair(server_fd_, server_far_);
    make_pair(client_fd_, client_far_);
    server = std::make_unique<TlsWire>(*context_, server_fd_, TlsWire::Role::server);
    client = std::make_unique<TlsWire>(client_context_, client_fd_, TlsWire::Role::client);
    if (tls12) SSL_set_max_proto_version(client->native(), TLS1_2_VERSION);
  }
  ~Throttled() {
    server.reset();
    client.reset();
    for (const int fd : {server_fd_, server_far_, client_fd_, client_far_})
      if (fd >= 0) ::close(fd);
  }

  // Carries at most `bytes_max` bytes each way; how many it carried.
  std::size_t carry(std::size_t bytes_max) {
    return move(client_far_, server_far_, bytes_max) + move(server_far_, client_far_, bytes_max);
  }
  bool shake_hands(std::size_t bytes_at_a_time) {
    auto a = TlsWire::Step::want_read, b = TlsWire::Step::want_read;
    for (int i = 0; i < 1'000'000; ++i) {
      if (b != TlsWire::Step::done) b = client->handshake();
      if (a != TlsWire::Step::done) a = server->handshake();
      if (a == TlsWire::Step::done && b == TlsWire::Step::done) return true;
      if (a == TlsWire::Step::failed || b == TlsWire::Step::failed) return false;
      carry(bytes_at_a_time);
    }
    return false;
  }
  void hang_up() {
    ::close(std::exchange(client_far_, -1));
    ::close(std::exchange(server_far_, -1));
  }

  std::unique_ptr<TlsWire> server;
  std::unique_ptr<TlsWire> client;

 private:
  static void make_pair(int& near, int& far) {
    int fds[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    const int smallest = 1;  // the kernel makes it a few KiB: sends are partial soon
    ::setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &smallest, sizeof smallest);
    near = fds[0];
    far = fds[1];
  }
  static std::size_t move(int from, int to, std::size_t bytes_max) {
    std::vector<char> buffer(bytes_max);
    const ssize_t got = ::recv(from, buffer.data(), bytes_max, MSG_DONTWAIT);
    if (got <= 0) return 0;
    EXPECT_EQ(::send(to, buffer.data(), static_cast<std::size_t>(got), 0), got);
    return static_cast<std::size_t>(got);
  }

  std::unique_ptr<TlsContext> context_;
  TlsContext client_context_ = TlsContext::client_without_verification();
  int server_fd_ = -1, server_far_ = -1, client_fd_ = -1, client_far_ = -1;
};

std::string read_all(TlsWire& wire) {
  std::string out;
  char buffer[20'000];
  std::size_t bytes = 0;
  while (wire.read(std::as_writable_bytes(std::span(buffer)), bytes) == TlsWire::Step::done)
    out.append(buffer, bytes);
  return out;
}

std::string pattern(std::size_t bytes) {
  std::string out(bytes, ' ');
  for (std::size_t i = 0; i < bytes; ++i) out[i] = static_cast<char>(i * 31 + i / 251);
  return out;
}

TEST(TlsWire, ShakesHandsThoughEveryByteComesAlone) {
  for (const bool tls12 : {false, true}) {
    Throttled wire(tls12);
    EXPECT_TRUE(wire.shake_hands(1)) << "TLS 1.2: " << tls12;
    EXPECT_STREQ(SSL_get_version(wire.server->native()), tls12 ? "TLSv1.2" : "TLSv1.3");
  }
}

TEST(TlsWire, PrefersAes128) {
  Throttled wire;
  ASSERT_TRUE(wire.shake_hands(4096));
  EXPECT_STREQ(SSL_get_cipher_name(wire.server->native()), "TLS_AES_128_GCM_SHA256");
}

TEST(TlsWire, CarriesRecordsOfEveryLengthThroughEveryWidth) {
  Throttled wire;
  ASSERT_TRUE(wire.shake_hands(4096));
  std::string sent, got;
  CipherText arena;
  std::size_t width = 1;
  for (std::size_t bytes = 1; bytes <= TlsWire::record_bytes_max;
       bytes = bytes < 300 ? bytes + 1 : bytes * 5 / 4) {
    const std::string plain = pattern(bytes);
    arena.clear();
    ASSERT_TRUE(wire.server->encrypt(std::as_bytes(std::span(plain)), arena));
    sent += plain;
    auto state = wire.server->send(arena.bytes());
    while (state == TlsWire::Sent::blocked) {
      EXPECT_TRUE(wire.server->pending());
      wire.carry(width);
      got += read_all(*wire.client);
      state = wire.server->flush();
    }
    ASSERT_EQ(state, TlsWire::Sent::all);
    EXPECT_FALSE(wire.server->pending());
    width = width % 700 + 1;
  }
  while (wire.carry(9000) > 0) got += read_all(*wire.client);
  EXPECT_EQ(sent, got);
}

TEST(TlsWire, AFullSocketKeepsTheRemainderInOrder) {
  Throttled wire;
  ASSERT_TRUE(wire.shake_hands(4096));
  std::string sent;
  bool was_blocked = false;
  for (int i = 0; i < 1000 && !was_blocked; ++i) {
    CipherText arena;
    const std::string plain = pattern(5000);
    ASSERT_TRUE(wire.server->encrypt(std::as_bytes(std::span(plain)), arena));
    sent += plain;
    was_blocked = wire.server->send(arena.bytes()) == TlsWire::Sent::blocked;
  }
  ASSERT_TRUE(was_blocked);
  EXPECT_TRUE(wire.server->blocked());
  EXPECT_LE(wire.server->pending_bytes(), TlsWire::record_bytes_max + 256);
  EXPECT_EQ(wire.server->flush(), TlsWire::Sent::blocked);
  std::string got;
  while (wire.carry(1) > 0 || wire.server->flush() == TlsWire::Sent::blocked)
    got += read_all(*wire.client);
  while (wire.carry(1) > 0) got += read_all(*wire.client);
  EXPECT_EQ(sent, got);
}

TEST(TlsWire, StreamsOnThroughAKeyUpdateOfThePeer) {
  Throttled wire;
  ASSERT_TRUE(wire.shake_hands(4096));
  std::string got;
  for (int i = 0; i < 20; ++i) {
    ASSERT_EQ(SSL_key_update(wire.client->native(), SSL_KEY_UPDATE_REQUESTED), 1);
    CipherText arena;
    const std::string up = "up" + std::to_string(i), down = "down" + std::to_string(i);
    ASSERT_TRUE(wire.client->encrypt(std::as_bytes(std::span(up)), arena));
    ASSERT_EQ(wire.client->send(arena.bytes()), TlsWire::Sent::all);
    wire.carry(4096);
    EXPECT_EQ(read_all(*wire.server), up);
    ASSERT_EQ(wire.server->flush(), TlsWire::Sent::all);
    arena.clear();
    ASSERT_TRUE(wire.server->encrypt(std::as_bytes(std::span(down)), arena));
    ASSERT_EQ(wire.server->send(arena.bytes()), TlsWire::Sent::all);
    wire.carry(4096);
    EXPECT_EQ(read_all(*wire.client), down);
  }
}

TEST(TlsWire, TellsAGoodbyeFromAnAccident) {
  {
    Throttled wire;
    ASSERT_TRUE(wire.shake_hands(4096));
    wire.client->say_goodbye();
    wire.carry(4096);
    char buffer[16];
    std::size_t bytes = 0;
    EXPECT_EQ(wire.server->read(std::as_writable_bytes(std::span(buffer)), bytes),
              TlsWire::Step::ended);
    EXPECT_EQ(wire.server->error(), "");
  }
  {
    Throttled wire;
    ASSERT_TRUE(wire.shake_hands(4096));
    wire.hang_up();
    char buffer[16];
    std::size_t bytes = 0;
    EXPECT_EQ(wire.server->read(std::as_writable_bytes(std::span(buffer)), bytes),
              TlsWire::Step::ended);
    EXPECT_NE(wire.server->error(), "");
  }
}

TEST(TlsWire, HttpWithoutTlsIsRecognised) {
  int fds[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
  {
    TlsWire wire(*TlsContext::server({}), fds[0], TlsWire::Role::server);
    EXPECT_EQ(wire.handshake(), TlsWire::Step::want_read);
    ASSERT_EQ(::send(fds[1], "GET / HTTP/1.1\r\n\r\n", 18, 0), 18);
    EXPECT_EQ(wire.handshake(), TlsWire::Step::plain_http);
  }
  ::close(fds[0]);
  ::close(fds[1]);
}

TEST(TlsContext, ACertificateFileThatIsMissingIsNamed) {
  FeedOptions options;
  options.certificate_file = "/nowhere/chain.pem";
  options.private_key_file = "/nowhere/key.pem";
  const auto made = TlsContext::server(options);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ExitCode::file_missing);
  EXPECT_EQ(made.error().where, "/nowhere/chain.pem");
  options.private_key_file.clear();
  EXPECT_EQ(TlsContext::server(options).error().code, ExitCode::bad_config);
}

TEST(TlsContext, ASelfSignedCertificateCarriesItsNames) {
  FeedOptions options;
  options.certificate_names = {"desk.example", "192.0.2.7"};
  const auto made = TlsContext::server(options);
  ASSERT_TRUE(made);
  EXPECT_TRUE(made->certificate_pem().starts_with("-----BEGIN CERTIFICATE-----"));
  EXPECT_EQ(made->fingerprint().size(), 32u * 3 - 1);
}

// Else every restart would undo the exception that a browser was told to make.
TEST(TlsContext, ASelfSignedCertificateIsFoundAgainAndItsKeyIsNobodyElses) {
  const auto folder = std::filesystem::temp_directory_path() / "bourse-kept-certificate";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directory(folder);
  const std::string file = folder / "self-signed.pem";
  const auto first = TlsContext::server({}, file);
  ASSERT_TRUE(first);
  const auto mode = std::filesystem::status(file).permissions();
  EXPECT_EQ(mode, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  EXPECT_EQ(TlsContext::server({}, file)->fingerprint(), first->fingerprint());

  FeedOptions other;
  other.certificate_names = {"desk.example"};
  EXPECT_NE(TlsContext::server(other, file)->fingerprint(), first->fingerprint());

  std::ofstream(file) << "no certificate";
  EXPECT_TRUE(TlsContext::server({}, file));
  EXPECT_TRUE(TlsContext::server({}, folder / "missing" / "self-signed.pem"));
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace bourse
