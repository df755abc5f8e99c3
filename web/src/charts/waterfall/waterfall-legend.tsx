import type { TraceResponse } from "../../../../collector/api/responses.ts";
import { serviceColor, servicesOf } from "../service-color.ts";
import styles from "./waterfall-legend.module.css";

/** Says how to read the bars; the waterfall needs no other manual. */
export function WaterfallLegend({ trace }: { readonly trace: TraceResponse }) {
  return (
    <ul className={styles.legend} aria-label="Legend">
      <li>
        <Sample isCritical />
        <span>
          <strong>on the critical path</strong>: making it shorter makes the request shorter
        </span>
      </li>
      <li className={styles.services}>
        <Sample color="currentColor" />
        <span>not on it, in the colour of the service:</span>
        {servicesOf(trace).map((service) => (
          <span key={service} className={styles.service}>
            <Sample color={serviceColor(trace, service)} />
            {service}
          </span>
        ))}
      </li>
      <li>
        <span className={styles.calls}>×20</span>
        <span>the same call 20 times; unfold it to see each</span>
      </li>
    </ul>
  );
}

function Sample({
  color,
  isCritical = false,
}: {
  readonly color?: string;
  readonly isCritical?: boolean;
}) {
  return (
    <svg viewBox="0 0 28 16" width="28" height="16" aria-hidden>
      {isCritical ? (
        <rect y="0" width="28" height="16" className={styles.critical} />
      ) : (
        <rect y="5" width="28" height="6" fill={color} />
      )}
    </svg>
  );
}
