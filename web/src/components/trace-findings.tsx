import type { TraceFinding } from "../../../collector/api/responses.ts";
import { Link } from "../router/link.tsx";
import { Icon } from "./icon.tsx";
import styles from "./trace-findings.module.css";

interface TraceFindingsProps {
  readonly findings: readonly TraceFinding[];
  readonly onShow: (finding: TraceFinding) => void;
}

/** What is wrong with this trace, before its waterfall. */
export function TraceFindings({ findings, onShow }: TraceFindingsProps) {
  return (
    <ul className={styles.findings} aria-label="Findings in this trace">
      {findings.map((finding) => (
        <li key={finding.id}>
          <Icon name="flag" />
          <p>
            <Link to={{ page: "finding", id: finding.id }}>{finding.title}</Link>
            <span>{finding.summary}</span>
          </p>
          <button
            type="button"
            onClick={() => onShow(finding)}
            aria-label={`Show the spans of ${finding.title}`}
          >
            Show spans
          </button>
        </li>
      ))}
    </ul>
  );
}
