import type { Severity } from "../../../analyzers/model/finding.ts";
import { Icon } from "./icon.tsx";
import styles from "./severity-mark.module.css";

const WORDS: Readonly<Record<Severity, string>> = {
  critical: "Critical",
  warning: "Warning",
  info: "Info",
};

/** Shape, word and colour: any one of them is enough. */
export function SeverityMark({ severity }: { readonly severity: Severity }) {
  return (
    <span className={`${styles.mark} ${styles[severity]}`}>
      <Icon name={severity} />
      {WORDS[severity]}
    </span>
  );
}
