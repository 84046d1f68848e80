// A FileTask is one static file on its way to a client.
//
// Owner   shared by the HttpProtocol and the job that runs; a job that ends after its connection is
//         gone finds nobody to tell.
// Thread  the job's while one runs, else the loop's: never both.
// Limit   one piece of `piece_bytes` in memory.
#pragma once

#include <memory>
#include <string>

#include "http/file_source.h"
#include "orrery/http.h"

namespace orrery::server {

struct FileTask {
  static constexpr std::size_t piece_bytes = 128 * 1024;

  http::FileSource* source = nullptr;
  std::string path{};
  HeaderList headers{};  // of the plugs
  std::unique_ptr<http::OpenFile> file{};
  std::uint64_t offset = 0;
  std::uint64_t left_bytes = 0;
  std::string piece{};
  bool failed = false;
  bool reading = false;
};

}  // namespace orrery::server
