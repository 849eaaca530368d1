-- For wrk: thread i asks server i of $BENCH_SERVERS (round robin); results as METRIC VALUE lines.
local servers, next_server = {}, 0
for server in (os.getenv("BENCH_SERVERS") or ""):gmatch("%S+") do
    servers[#servers + 1] = server
end

function setup(thread)
    next_server = next_server % #servers + 1
    thread.addr = assert(wrk.lookup(servers[next_server], "80")[1])
end

function done(summary, latency)
    local e = summary.errors
    io.write(string.format("rate %.2f\n", summary.requests / (summary.duration / 1e6)))
    io.write(string.format("p50 %d\n", latency:percentile(50)))
    io.write(string.format("p99 %d\n", latency:percentile(99)))
    io.write(string.format("errors %d\n", e.connect + e.read + e.write + e.status + e.timeout))
end
