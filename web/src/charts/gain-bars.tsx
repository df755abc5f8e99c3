import type { PredictedChange, Prediction } from "../../../analyzers/model/finding.ts";
import { formatChange } from "../format/format-change.ts";
import { formatDuration } from "../format/format-duration.ts";
import styles from "./gain-bars.module.css";

/** The endpoint's p50 and p95 before and after the fix; the line across an after-bar is its interval. */
export function GainBars({ prediction }: { readonly prediction: Prediction }) {
  const { p50, p95 } = prediction;
  const longestNs = Math.max(p50.beforeNs, p50.afterHighNs, p95.beforeNs, p95.afterHighNs, 1);
  return (
    <table className={styles.chart}>
      <caption>Duration of the endpoint, now and once fixed</caption>
      <thead>
        <tr>
          <th scope="col">Percentile</th>
          <th scope="col">When</th>
          <th scope="col">Duration</th>
          <th scope="col">Interval</th>
          <td />
        </tr>
      </thead>
      <Percentile name="p50" change={p50} longestNs={longestNs} />
      <Percentile name="p95" change={p95} longestNs={longestNs} />
    </table>
  );
}

interface PercentileProps {
  readonly name: string;
  readonly change: PredictedChange;
  readonly longestNs: number;
}

function Percentile({ name, change, longestNs }: PercentileProps) {
  const { beforeNs, afterNs, afterLowNs, afterHighNs } = change;
  const { percent, interval } = formatChange(change);
  const width = (ns: number) => `${(100 * ns) / longestNs}%`;
  return (
    <tbody>
      <tr>
        <th scope="rowgroup" rowSpan={2}>
          {name}
        </th>
        <td>now</td>
        <td className={styles.number}>{formatDuration(beforeNs)}</td>
        <td />
        <td className={styles.plot} aria-hidden>
          <div className={styles.before} style={{ width: width(beforeNs) }} />
        </td>
      </tr>
      <tr>
        <td>once fixed</td>
        <td className={styles.number}>
          <strong>{formatDuration(afterNs)}</strong>
        </td>
        <td className={styles.interval}>
          <strong>{percent}</strong> {interval}
        </td>
        <td className={styles.plot} aria-hidden>
          <div className={styles.after} style={{ width: width(afterNs) }} />
          <div
            className={styles.range}
            style={{ left: width(afterLowNs), width: width(afterHighNs - afterLowNs) }}
          />
        </td>
      </tr>
    </tbody>
  );
}
