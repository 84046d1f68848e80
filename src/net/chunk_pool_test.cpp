#include "net/chunk_pool.h"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

namespace orrery::net {
namespace {

TEST(ChunkPool, GivesAtLeastWhatWasAskedForAndEveryByteOfItIsUsable) {
  ChunkPool pool;
  for (const std::size_t bytes :
       {1, 24, 25, 1024, 1025, 4096, 16'384, 65'536, 65'600, 65'601, 300'000}) {
    Chunk* chunk = pool.take(bytes);
    ASSERT_GE(chunk->room(), bytes);
    EXPECT_EQ(chunk->size(), 0U);
    std::memset(chunk->data(), 'x', chunk->capacity);
    pool.give_back(chunk);
  }
}

TEST(ChunkPool, HandsOutTheHottestChunkFirst) {
  ChunkPool pool;
  Chunk* cold = pool.take(1000);
  Chunk* hot = pool.take(1000);
  pool.give_back(cold);
  pool.give_back(hot);
  EXPECT_EQ(pool.take(1000), hot);
  EXPECT_EQ(pool.take(1000), cold);
  EXPECT_EQ(pool.retained_bytes(), 0U);
  pool.give_back(hot);
  pool.give_back(cold);
}

TEST(ChunkPool, AChunkComesBackEmpty) {
  ChunkPool pool;
  Chunk* chunk = pool.take(100);
  chunk->begin = 3;
  chunk->end = 50;
  chunk->holds = Chunk::Holds::shared;
  pool.give_back(chunk);
  chunk = pool.take(100);
  EXPECT_EQ(chunk->begin + chunk->end, 0U);
  EXPECT_EQ(chunk->holds, Chunk::Holds::bytes);
  EXPECT_EQ(chunk->next, nullptr);
  pool.give_back(chunk);
}

TEST(ChunkPool, KeepsNoMoreThanItsLimit) {
  ChunkPool pool(10'000);
  std::vector<Chunk*> chunks;
  for (int i = 0; i < 100; ++i) chunks.push_back(pool.take(1024));
  for (Chunk* chunk : chunks) pool.give_back(chunk);
  EXPECT_LE(pool.retained_bytes(), 10'000U);
  EXPECT_GE(pool.retained_bytes(), 9 * 1024U);
}

TEST(ChunkPool, HugeChunksGoBackAtOnce) {
  ChunkPool pool;
  pool.give_back(pool.take(ChunkPool::largest_bytes + 1));
  EXPECT_EQ(pool.retained_bytes(), 0U);
}

}  // namespace
}  // namespace orrery::net
