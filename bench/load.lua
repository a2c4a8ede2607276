-- What wrk sends and reports. Arguments: method, content type, a file of bodies, bytes of each body.
-- Of several bodies each is sent once.

function init(args)
  local bodyBytes = tonumber(args[4])
  local file = assert(io.open(args[3], "rb"))
  local bodies = file:read("*a")
  file:close()
  wrk.method = args[1]
  wrk.headers["Content-Type"] = args[2]
  wrk.body = bodies:sub(1, bodyBytes)
  if #bodies > bodyBytes then sendEach(bodies, bodyBytes) end
end

function sendEach(bodies, bodyBytes)
  local next = 1
  request = function()
    if next > #bodies then
      io.stderr:write("the run needs more bodies\n")
      os.exit(1)
    end
    local body = bodies:sub(next, next + bodyBytes - 1)
    next = next + bodyBytes
    return wrk.format(nil, nil, nil, body)
  end
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\nRESULT {"answers":%d,"failures":%d,"seconds":%f,"latencyMs":{"p50":%.2f,"p99":%.2f}}\n',
    summary.requests,
    errors.connect + errors.read + errors.write + errors.timeout + errors.status,
    summary.duration / 1e6,
    latency:percentile(50) / 1e3,
    latency:percentile(99) / 1e3
  ))
end
