-- What wrk sends, and what it tells afterwards. The parent says it all in the environment:
-- BENCH_METHOD, BENCH_BODY, BENCH_HEADERS (lines "Name: value"), BENCH_PROOFS (a file, one proof a line).

wrk.method = os.getenv("BENCH_METHOD")
wrk.body = os.getenv("BENCH_BODY")
for name, value in os.getenv("BENCH_HEADERS"):gmatch("([^:\n]+): ([^\n]+)") do
  wrk.headers[name] = value
end

local file = os.getenv("BENCH_PROOFS")
if file ~= "" then
  local head, tail, proofs, used = nil, nil, {}, 0

  -- One thread, so one copy of this: no proof is ever sent twice.
  function init(args)
    wrk.headers["DPoP"] = "@"
    local whole = wrk.format()
    local at = whole:find("@", whole:lower():find("dpop: @", 1, true), true)
    head, tail = whole:sub(1, at - 1), whole:sub(at + 1)
    for proof in io.lines(file) do
      proofs[#proofs + 1] = proof
    end
  end

  -- When the proofs run out the empty one is refused, and the refusals show that too few were made.
  function request()
    used = used + 1
    return head .. (proofs[used] or "") .. tail
  end
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '\nBENCH {"requests":%d,"microseconds":%d,"refused":%d,"broken":%d,"p50":%d,"p99":%d}\n',
    summary.requests, summary.duration, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50), latency:percentile(99)))
end
