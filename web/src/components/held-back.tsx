import type { HeldBackFinding } from "../../../collector/api/responses.ts";
import styles from "./held-back.module.css";

/** What detectors saw in this trace and don't report, each with the reason; folded, for most readers don't ask. */
export function HeldBack({ heldBack }: { readonly heldBack: readonly HeldBackFinding[] }) {
  return (
    <details className={styles.heldBack}>
      <summary>Seen, and not reported: {heldBack.length}</summary>
      <ul>
        {heldBack.map(({ detector, guard, title, summary, spanIds }) => (
          <li key={`${detector} ${guard} ${spanIds.join()}`}>
            <strong>{title}</strong>
            <span>{summary}</span>
            <span>
              held back by <code>{guard}</code>
            </span>
          </li>
        ))}
      </ul>
    </details>
  );
}
