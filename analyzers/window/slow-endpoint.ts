import { defineWindowDetector } from "../detector.ts";
import { endpointLabel, healthCheckPattern } from "../facts/endpoint-span.ts";

/** 95 of 100 requests take less than p95; here p95 itself is long, and there are requests enough to say so. */
export const slowEndpoint = defineWindowDetector<SlowEndpointRow, Options>({
  meta: {
    id: "slow-endpoint",
    version: 1,
    title: "Slow endpoint",
    description: "One request in twenty takes longer than people wait for.",
    severity: "warning",
    defaults: { p95Ms: 500, requestsMin: 50 },
  },

  // A bucket is an eighth of an octave, and its middle is within 4.4 % of every duration in it.
  query: `
    WITH exp2((bucket + 0.5) / 8) - 1 AS durationNs
    SELECT
      service,
      environment,
      http_request_method AS method,
      http_route AS route,
      round(sum(w)) AS requests,
      exp2((quantileExactWeighted(0.5)(bucket, toUInt64(greatest(1, round(w)))) + 0.5) / 8) - 1 AS p50Ns,
      exp2((quantileExactWeighted(0.95)(bucket, toUInt64(greatest(1, round(w)))) + 0.5) / 8) - 1 AS p95Ns,
      sum(w * greatest(0, durationNs - {p95Ms:Float64} * 1e6)) / 1e9 AS excessSeconds,
      excessSeconds * 86400 / (dateDiff('second', min(minute), max(minute)) + 60) AS secondsPerDay
    FROM ops_1m
    WHERE minute >= toStartOfMinute({from:DateTime})
      AND minute < {to:DateTime}
      AND kind = 2
      AND http_route != ''
      AND NOT match(http_route, '${healthCheckPattern}')
    GROUP BY service, environment, method, route
    HAVING sum(c) >= {requestsMin:UInt64} AND p95Ns >= {p95Ms:Float64} * 1e6
    ORDER BY secondsPerDay DESC, service, environment, method, route
    LIMIT {findingsMax:UInt32}`,

  toObservation({ service, environment, method, route, requests, p50Ns, p95Ns, secondsPerDay }) {
    const label = endpointLabel({ method, route });
    return {
      identity: [service, environment, method, route],
      summary: `${label} takes ${toSeconds(p95Ns)} at p95, ${toSeconds(p50Ns)} at p50`,
      service,
      environment,
      method,
      route,
      confidence: "high",
      requests,
      secondsPerDay,
      fix:
        p95Ns >= tailFactor * p50Ns
          ? [
              `Compare a slow with a typical trace: the slowest requests take ${Math.round(p95Ns / p50Ns)} times as long as most, so something happens only in them (a large customer, a cold cache, a lock, a retry).`,
              startWithPath,
            ]
          : [startWithPath, "Fix other findings of this endpoint first: each says what it saves."],
    };
  },
});

/** What the query returns, for one endpoint. */
export interface SlowEndpointRow {
  readonly service: string;
  readonly environment: string;
  readonly method: string;
  readonly route: string;
  /** Weighted by 1 / sampling probability, as all that follows. */
  readonly requests: number;
  /** Within 4.4 %. */
  readonly p50Ns: number;
  readonly p95Ns: number;
  /** What requests take above the threshold, seconds a day at the rate of the minutes from the first to the last. */
  readonly secondsPerDay: number;
}

interface Options {
  readonly p95Ms: number;
  /** Stored requests in the window; fewer say nothing about p95. */
  readonly requestsMin: number;
}

/** From here on it is the tail that is slow, and not the endpoint. */
const tailFactor = 5;
const startWithPath =
  "Look at the endpoint's critical path, slowest traces first: the call path with the largest share is the one to shorten.";

function toSeconds(ns: number): string {
  return ns >= 1e9 ? `${(ns / 1e9).toFixed(1)} s` : `${Math.round(ns / 1e6)} ms`;
}
