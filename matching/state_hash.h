// The fingerprint of the engine's whole state, kept up to date event by event.
//   Shape:  open orders are XORed in and out; accounts and symbols add a multiple of their own
//           weight; digest() folds everything in O(1).
//   Owner:  the thread of the engine.
//   Errors: none. The digest is a checksum against our own mistakes, not against an adversary.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace bourse {

// A bijection of 64-bit words in which every input bit moves about half of the output bits.
constexpr std::uint64_t mix64(std::uint64_t x) {
  x ^= x >> 32;
  x *= 0xd6e8feb86659fd93;
  x ^= x >> 32;
  x *= 0xd6e8feb86659fd93;
  x ^= x >> 32;
  return x;
}

// Odd random words: one for each field of a record that goes into one mix64, so that a field has
// its own direction and no two fields can stand in for each other.
inline constexpr std::uint64_t hash_weights[12] = {
    0x9e3779b97f4a7c15, 0xbf58476d1ce4e5b9, 0x94d049bb133111eb, 0xc2b2ae3d27d4eb4f,
    0x165667b19e3779f9, 0x85ebca77c2b2ae63, 0xff51afd7ed558ccd, 0xc4ceb9fe1a85ec53,
    0x27d4eb2f165667c5, 0xa0761d6478bd642f, 0xe7037ed1a0b428db, 0x8ebc6af09c88c6e3};

// Any bytes, byte by byte: cold.
constexpr std::uint64_t hash_text(std::string_view text) {
  std::uint64_t hash = text.size();
  for (const char c : text) hash = mix64(hash ^ static_cast<unsigned char>(c));
  return hash;
}

struct StateHash {
  std::uint64_t orders = 0;          // XOR of the hash of every open order
  std::uint64_t accounts = 0;        // sum of weight x sequence over the accounts
  std::uint64_t symbols = 0;         // sum of weight x rpt_sequence over the symbols
  std::uint64_t instruments = 0;     // XOR of the hash of every definition
  std::uint64_t epochs = 0;          // of every open_epoch in order
  std::uint64_t administration = 0;  // of every change by an administrator or a timer, in order
  std::uint64_t trades = 0;          // sum over the matches

  std::uint64_t digest(std::uint64_t sequence, std::uint64_t match_id,
                       std::uint64_t order_count) const {
    return mix64(orders * hash_weights[0] + accounts * hash_weights[1] + symbols * hash_weights[2] +
                 instruments * hash_weights[3] + epochs * hash_weights[4] +
                 sequence * hash_weights[5] + match_id * hash_weights[6] +
                 order_count * hash_weights[7] + administration * hash_weights[8] +
                 trades * hash_weights[9]);
  }
};

}  // namespace bourse
