import type { Confidence } from "../../../analyzers/model/finding.ts";
import styles from "./confidence-mark.module.css";

const LEVELS: readonly Confidence[] = ["low", "medium", "high"];

/** Three steps, filled up to the level, and the level in words. */
export function ConfidenceMark({ confidence }: { readonly confidence: Confidence }) {
  const level = LEVELS.indexOf(confidence);
  return (
    <span className={styles.mark}>
      <svg viewBox="0 0 15 11" width="15" height="11" aria-hidden>
        {LEVELS.map((name, step) => (
          <rect
            key={name}
            x={step * 5.5 + 0.5}
            y={8 - step * 3.5}
            width="3"
            height={2.5 + step * 3.5}
            className={step <= level ? styles.filled : styles.empty}
          />
        ))}
      </svg>
      {confidence} confidence
    </span>
  );
}
