#include "orrery/http.h"

#include <algorithm>

#include "http/forwarded.h"
#include "http/url.h"
#include "server/request_data.h"

namespace orrery {

namespace server {

namespace {

// Where `view`, which points into `from`, lies in the copy `to`.
std::string_view moved(std::string_view view, const char* from, const char* to) {
  if (view.empty()) return {};
  return {to + (view.data() - from), view.size()};
}

}  // namespace

ClientSeen client_of(const http::RequestHead& head, const net::Stream& stream,
                     const net::Networks& trusted) {
  ClientSeen client{{}, stream.encrypted(), head.headers.find("Host").value_or("")};
  if (trusted.empty()) return client;
  const std::string peer = stream.peer().address;
  if (!trusted.contain(peer)) return client;
  auto said =
      http::forwarded(head.headers, [&](const auto& each) { return trusted.contain(each); });
  client.address = said.address.empty() ? peer : std::move(said.address);
  if (!said.scheme.empty()) client.secure = http::same_name(said.scheme, "https");
  if (!said.host.empty()) client.host = said.host;
  return client;
}

std::unique_ptr<RequestData> RequestData::make(std::string_view method,
                                               const http::Target& target) {
  const std::string_view mark = target.query.empty() ? "" : "?";
  const std::string_view pieces[] = {method, " ", target.raw_path, mark, target.query};
  std::size_t bytes = 0;
  for (const auto piece : pieces) bytes += piece.size();
  std::unique_ptr<RequestData> data(new (Behind{bytes}) RequestData(bytes));
  char* end = reinterpret_cast<char*>(data.get() + 1);
  for (const auto piece : pieces) end = std::ranges::copy(piece, end).out;
  return data;
}

Request make_request(const http::RequestHead& head, const http::Target& target,
                     std::string_view body, std::vector<http::PathParam> params,
                     const net::Stream& stream, const ClientSeen& client) {
  auto data = RequestData::make(head.method, target);
  if (!params.empty())
    data->params = std::make_unique<const RequestData::Params>(std::move(params));
  data->stream = &stream;
  if (!client.address.empty())
    data->forwarded =
        std::make_unique<const ForwardedClient>(ForwardedClient{client.address, client.secure});
  data->passing = std::make_unique<PassingData>();
  PassingData& passing = *data->passing;
  // All headers are views into one block of bytes, the head as it came.
  const char* begin = head.method.data();
  const char* end = begin + head.method.size();
  for (const auto& header : head.headers)
    end = std::max(end, header.value.data() + header.value.size());
  passing.bytes.assign(begin, end);
  const char* copy = passing.bytes.data();
  for (const auto& [name, value] : head.headers)
    passing.headers.add(moved(name, begin, copy), moved(value, begin, copy));
  passing.body = body;
  return Request(std::move(data));
}

}  // namespace server

Request::Request(std::unique_ptr<server::RequestData> data) : data_(std::move(data)) {}
Request::Request(Request&&) noexcept = default;
Request& Request::operator=(Request&&) noexcept = default;
Request::~Request() = default;

std::string_view Request::method() const {
  return data_->method();
}

std::string_view Request::path() const {
  const auto target = data_->target();
  return target.substr(0, target.find('?'));
}

std::string_view Request::query_string() const {
  return data_->target().substr(std::min(path().size() + 1, data_->target().size()));
}

std::string_view Request::param(std::string_view name) const {
  if (!data_->params) return {};
  for (const auto& param : *data_->params)
    if (param.name == name) return param.value;
  return {};
}

std::optional<std::string> Request::query(std::string_view name) const {
  return http::query_param(query_string(), name);
}

std::optional<std::string_view> Request::header(std::string_view name) const {
  if (!data_->passing) return std::nullopt;
  return data_->passing->headers.find(name);
}

std::optional<std::string> Request::cookie(std::string_view name) const {
  if (!data_->passing) return std::nullopt;
  for (const auto& field : data_->passing->headers) {
    if (!http::same_name(field.name, "Cookie")) continue;
    if (const auto value = http::find_cookie(field.value, name)) return std::string(*value);
  }
  return std::nullopt;
}

std::string_view Request::host() const {
  return header("Host").value_or("");
}

std::string_view Request::bearer_token() const {
  constexpr std::string_view scheme = "Bearer ";
  const auto value = header("Authorization").value_or("");
  if (value.size() <= scheme.size() || !http::same_name(value.substr(0, scheme.size()), scheme))
    return {};
  return value.substr(std::min(value.find_first_not_of(' ', scheme.size()), value.size()));
}

std::string_view Request::body() const {
  return data_->passing ? std::string_view(data_->passing->body) : std::string_view{};
}

std::string Request::remote_address() const {
  return data_->forwarded ? data_->forwarded->address : data_->stream->peer().address;
}

std::uint16_t Request::remote_port() const {
  return data_->forwarded ? 0 : data_->stream->peer().port;
}

bool Request::secure() const {
  return data_->forwarded ? data_->forwarded->secure : data_->stream->encrypted();
}

void Request::set_value(std::string_view name, std::any value) {
  if (!data_->passing) return;
  for (auto& [key, kept] : data_->passing->values) {
    if (key != name) continue;
    kept = std::move(value);
    return;
  }
  data_->passing->values.emplace_back(name, std::move(value));
}

const std::any* Request::find_value(std::string_view name) const {
  if (!data_->passing) return nullptr;
  for (const auto& [key, value] : data_->passing->values)
    if (key == name) return &value;
  return nullptr;
}

void Request::drop_head() {
  data_->passing.reset();
}

}  // namespace orrery
