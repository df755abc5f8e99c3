import { formatDuration } from "../../format/format-duration.ts";
import styles from "./waterfall.module.css";

const TICKS = [0, 0.25, 0.5, 0.75, 1];

/** The heads of the waterfall's columns; the last one is a scale from the trace's start to its end. */
export function TimeAxis({ durationNs }: { readonly durationNs: number }) {
  return (
    <thead className={styles.head}>
      <tr aria-rowindex={1}>
        <th scope="col">Span</th>
        <th scope="col" className={styles.durationHead}>
          Duration
        </th>
        <th scope="col" aria-label="Time since the start" className={styles.axis}>
          {TICKS.map((tick) => (
            <span key={tick} className={styles.tick} style={{ left: `${tick * 100}%` }}>
              {formatDuration(tick * durationNs)}
            </span>
          ))}
        </th>
      </tr>
    </thead>
  );
}
