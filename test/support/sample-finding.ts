import type { Finding } from "../../analyzers/model/finding.ts";

/** A finding as an N+1 in the shop gives it, with what a test wants to be different. */
export function sampleFinding(different: Partial<Finding> = {}): Finding {
  return {
    id: "5f0c2a9e5f0c2a9e5f0c2a9e5f0c2a9e",
    detector: "n-plus-one",
    detectorVersion: 1,
    title: "N+1 calls",
    summary: "GET /orders runs the same query 37 times: SELECT products",
    severity: "warning",
    confidence: "high",
    status: "new",
    service: "shop-orders",
    environment: "production",
    endpoint: { method: "GET", route: "/orders" },
    callSite: { file: "src/orders.ts", line: 88, function: "listOrders" },
    shape: {
      id: "1234567890",
      system: "postgresql",
      text: "SELECT name, price FROM products WHERE id = ?",
      summary: "SELECT products",
    },
    firstSeenAt: Date.UTC(2026, 10, 20, 12),
    lastSeenAt: Date.UTC(2026, 10, 20, 13),
    serviceVersions: ["1.8.2", "1.9.0"],
    evidence: {
      tracesAffected: 40,
      tracesOfEndpoint: 120,
      repeatsMedian: 37,
      repeatsMax: 50,
      sampleTraces: [
        {
          traceId: "0af7651916cd43dd8448eb211c80319c",
          role: "slow",
          durationNs: 420e6,
          spanIds: ["b7ad6b7169203331"],
        },
      ],
    },
    impact: { criticalPathShare: 0.38, secondsPerDay: 5400 },
    prediction: {
      p50: { beforeNs: 300e6, afterNs: 150e6, afterHighNs: 200e6, afterLowNs: 120e6 },
      p95: { beforeNs: 420e6, afterNs: 210e6, afterHighNs: 290e6, afterLowNs: 180e6 },
      method: "the calls are merged into one on the critical path of each trace",
      assumptions: ["one call takes as long as the median of the calls now"],
      traces: 40,
    },
    fix: ["Load the products of all orders with one query: WHERE id = ANY(?)"],
    ...different,
  };
}
