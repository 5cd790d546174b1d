-- What a dashboard or a command line asks of the account API, in turn.
local paths = {
  "/api/v1/auth/me", "/api/v1/account/keys", "/api/v1/usage/summary", "/api/v1/usage/recent?limit=20", "/api/v1/usage/daily?days=30", "/api/v1/auth/me",
}
local requests = {}
local at = 0

function init()
  local headers = { ["authorization"] = "Bearer " .. os.getenv("BENCH_TOKEN") }
  for i, path in ipairs(paths) do requests[i] = wrk.format("GET", path, headers) end
end

function request()
  at = at % #requests + 1
  return requests[at]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    'RESULT {"requests":%d,"seconds":%.6f,"p50":%.3f,"p95":%.3f,"p99":%.3f,"failed":%d,"refused":%d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(95) / 1e3, latency:percentile(99) / 1e3,
    errors.connect + errors.read + errors.write + errors.timeout, errors.status))
end
