import type { Finding } from "../../../analyzers/model/finding.ts";
import { formatChange } from "../format/format-change.ts";
import { formatCount, formatCountOf, formatSeconds } from "../format/format-number.ts";
import { Link } from "../router/link.tsx";
import { CallSiteName } from "./call-site-name.tsx";
import { ConfidenceMark } from "./confidence-mark.tsx";
import { EndpointName } from "./endpoint-name.tsx";
import styles from "./finding-item.module.css";
import { SeverityMark } from "./severity-mark.tsx";

/** One place in the ranking: what, where, how sure, and at the right edge what fixing it saves. */
export function FindingItem({
  finding,
  rank,
}: {
  readonly finding: Finding;
  readonly rank: number;
}) {
  const {
    id,
    title,
    summary,
    severity,
    confidence,
    status,
    endpoint,
    service,
    callSite,
    evidence,
  } = finding;
  return (
    <li className={styles.item}>
      <span className={styles.rank} aria-hidden>
        {rank}
      </span>
      <div className={styles.what}>
        <h2>
          <Link to={{ page: "finding", id }} className={styles.link} data-finding>
            <span className={styles.title}>{title}</span>
            {summary}
          </Link>
        </h2>
        <p className={styles.facts}>
          <SeverityMark severity={severity} />
          {status !== "new" && <span>{status.replace("-", " ")}</span>}
          <EndpointName endpoint={endpoint} />
          <span>{service}</span>
          {callSite !== null && <CallSiteName callSite={callSite} />}
          <span>
            {formatCount(evidence.tracesAffected)} of{" "}
            {formatCountOf(evidence.tracesOfEndpoint, "trace")}
          </span>
          <ConfidenceMark confidence={confidence} />
        </p>
      </div>
      <Gain finding={finding} />
    </li>
  );
}

function Gain({
  finding: { prediction, predictionMissing, impact },
}: {
  readonly finding: Finding;
}) {
  return (
    <div className={styles.gain}>
      {prediction === null ? (
        <p className={styles.missing} title={predictionMissing}>
          No prediction yet
        </p>
      ) : (
        <PredictedGain {...formatChange(prediction.p95)} />
      )}
      <p className={styles.detail}>{formatSeconds(impact.secondsPerDay)} a day spent in it</p>
    </div>
  );
}

function PredictedGain({ values, percent, interval }: ReturnType<typeof formatChange>) {
  return (
    <>
      <p className={styles.detail}>p95 once fixed</p>
      <p className={styles.change}>{values}</p>
      <p className={styles.detail}>
        <strong>{percent}</strong>, {interval}
      </p>
    </>
  );
}
