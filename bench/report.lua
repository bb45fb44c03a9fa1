-- One line for bench/load.py at the end of a wrk run; latencies in microseconds.
done = function(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format("RESULT %d %d %d %d %d %d %d %d %.1f %.1f\n", summary.requests, summary.duration,
    summary.bytes, errors.connect, errors.read, errors.write, errors.status, errors.timeout,
    latency:percentile(50), latency:percentile(99)))
end
