// How HttpProtocol sends a static file: opened and read by jobs, a piece at a time, no faster than
// the client takes it.
#include "http/response_writer.h"
#include "http/static_file.h"
#include "server/file_task.h"
#include "server/http_protocol.h"
#include "server/loop_server.h"
#include "server/request_data.h"

namespace orrery::server {

// Runs `work` on the task elsewhere and then calls `done`, if this connection still waits for it.
template <typename Work>
void HttpProtocol::run_job(Work work, void (HttpProtocol::*done)()) {
  LoopServer* const home = &server();
  home->node().environment.jobs.run(
      home->loop(), [task = file_, work] { work(*task); },
      [task = file_, home, id = connection_.id(), done] {
        Connection* const connection = home->find(id);
        auto* const self =
            connection ? dynamic_cast<HttpProtocol*>(connection->protocol()) : nullptr;
        if (self && self->file_ == task && !connection->finishing()) (self->*done)();
      });
}

void HttpProtocol::send_file(const PathEntry& entry, std::vector<http::PathParam> params) {
  auto next = std::make_shared<FileTask>();
  next->source = entry.source.get();
  if (!params.empty()) next->path = params.back().value;
  if (!entry.files->spec->scope.plugs.empty()) {
    Request request = make_request(reader_.head(), *reader_.target(), {}, std::move(params),
                                   connection_.stream(), client_seen());
    Exchange exchange(request);
    if (const auto halted = run_plugs(*entry.files->spec, exchange))
      return respond(*halted, exchange.headers);
    next->headers = std::move(exchange.headers);
  }
  file_ = std::move(next);
  run_job([](FileTask& task) { task.file = task.source->open(task.path); },
          &HttpProtocol::file_opened);
}

void HttpProtocol::file_opened() {
  if (!file_->file) {
    respond_error(404, "there is no such file", file_->headers);
    return file_answered();
  }
  const http::RequestHead& head = reader_.head();
  const http::FileAnswer answer = http::answer_file(head, file_->file->info());
  auto headers = answer.header_views();
  for (const auto& [name, value] : file_->headers) headers.push_back({name, value});
  std::string out;
  const auto left_out = http::append_response_head(out, answer.status, headers, answer.length,
                                                   {.keep_alive = !closes(),
                                                    .minor_version = head.minor_version,
                                                    .date = server().loop().clock().calendar()});
  for (const auto& name : left_out)
    server().log().warn("a response header was left out", {{"name", observe::quoted(name)}});
  connection_.write(out);
  file_->offset = answer.offset;
  file_->left_bytes = head.method == "HEAD" ? 0 : answer.length;
  file_->left_bytes == 0 ? file_answered() : read_file();
}

void HttpProtocol::file_answered() {
  file_.reset();
  answered();
  if (!connection_.finishing() && !waits_for_reader_) connection_.resume();
}

void HttpProtocol::read_file() {
  if (file_->reading) return;
  file_->reading = true;
  run_job(
      [](FileTask& task) {
        task.piece.resize(std::min<std::uint64_t>(FileTask::piece_bytes, task.left_bytes));
        const auto read = task.file->read(task.offset, task.piece);
        task.failed = !read || *read == 0;
        if (!task.failed) task.piece.resize(*read);
      },
      &HttpProtocol::file_read);
}

void HttpProtocol::file_read() {
  file_->reading = false;
  if (file_->failed) {
    server().log().warn("a file could not be read to its end", {{"path", file_->path}});
    return connection_.abort();  // its length was promised
  }
  connection_.write(file_->piece);
  file_->offset += file_->piece.size();
  file_->left_bytes -= file_->piece.size();
  if (file_->left_bytes > 0) {
    connection_.write_early();
    wait_for(Waiting::answer);
    if (connection_.queued_bytes() == 0) read_file();
    return;
  }
  file_answered();
}

}  // namespace orrery::server
