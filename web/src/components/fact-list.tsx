import type { ReactNode } from "react";
import styles from "./fact-list.module.css";

interface FactListProps {
  /** Facts that are null are left out. */
  readonly facts: readonly (readonly [term: string, value: ReactNode])[];
}

export function FactList({ facts }: FactListProps) {
  return (
    <dl className={styles.facts}>
      {facts
        .filter(([, value]) => value !== null)
        .map(([term, value]) => (
          <div key={term}>
            <dt>{term}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}
