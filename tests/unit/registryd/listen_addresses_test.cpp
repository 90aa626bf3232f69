#include "apps/registryd/listen_addresses.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

namespace rha::registryd {
namespace {

base::Fd socketOfAny() { return base::Fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)); }

config::HttpSettings settings() {
  config::HttpSettings http;
  http.listen = {"127.0.0.1:1", "[::1]:1"};
  http.debugListen = "127.0.0.1:3";
  return http;
}

TEST(ListenAddresses, AreThoseOfTheSettings) {
  EXPECT_EQ(listenAddresses(settings(), {}, std::nullopt), "127.0.0.1:1,[::1]:1||127.0.0.1:3");
}

TEST(ListenAddresses, DoNotMatterForAKindThatTheServiceManagerPassed) {
  SystemSockets sockets;
  sockets.http.push_back(socketOfAny());
  EXPECT_EQ(listenAddresses(settings(), sockets, std::nullopt), "passed||127.0.0.1:3");
}

TEST(ListenAddresses, OfASuccessorKnowWhoOpenedTheSocketsFirst) {
  SystemSockets sockets;
  sockets.http.push_back(socketOfAny());
  sockets.debug.push_back(socketOfAny());
  EXPECT_EQ(listenAddresses(settings(), sockets, "passed||127.0.0.1:3"), "passed||127.0.0.1:3");
  EXPECT_EQ(listenAddresses(settings(), sockets, "127.0.0.1:1||127.0.0.1:4"), "127.0.0.1:1,[::1]:1||127.0.0.1:3");
}

TEST(ListenAddresses, OfHttpsAreNoneWithoutACertificate) {
  auto http = settings();
  http.tls.listen = {"127.0.0.1:2"};
  SystemSockets sockets;
  sockets.https.push_back(socketOfAny());
  EXPECT_EQ(listenAddresses(http, {}, std::nullopt), "127.0.0.1:1,[::1]:1||127.0.0.1:3");
  EXPECT_EQ(listenAddresses(http, sockets, "passed|passed|127.0.0.1:3"), "passed||127.0.0.1:3");
  http.tls.first.certificate = "/chain.pem";
  EXPECT_EQ(listenAddresses(http, {}, std::nullopt), "127.0.0.1:1,[::1]:1|127.0.0.1:2|127.0.0.1:3");
  EXPECT_EQ(listenAddresses(http, sockets, std::nullopt), "127.0.0.1:1,[::1]:1|passed|127.0.0.1:3");
}

TEST(ListenAddresses, AreAlikeWhereNoSocketIsLostOrElsewhere) {
  EXPECT_TRUE(listenAlike("passed||127.0.0.1:3", "passed||127.0.0.1:3"));
  EXPECT_TRUE(listenAlike("passed||", "passed|0.0.0.0:2|127.0.0.1:3")) << "new ones are opened";
  EXPECT_FALSE(listenAlike("127.0.0.1:1||", "127.0.0.1:2||"));
  EXPECT_FALSE(listenAlike("passed|0.0.0.0:2|", "passed||"));
  EXPECT_TRUE(listenAlike("", "passed||127.0.0.1:3")) << "of a version that does not tell";
}

}  // namespace
}  // namespace rha::registryd
