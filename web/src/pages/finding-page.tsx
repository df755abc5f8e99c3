import type { Finding } from "../../../analyzers/model/finding.ts";
import type { FindingResponse } from "../../../collector/api/responses.ts";
import { apiPath } from "../api/api-path.ts";
import { useResource } from "../api/use-resource.ts";
import { ConfidenceMark } from "../components/confidence-mark.tsx";
import { FindingEvidence } from "../components/finding-evidence.tsx";
import { FindingGain } from "../components/finding-gain.tsx";
import { FindingWhat } from "../components/finding-what.tsx";
import { LoadState } from "../components/load-state.tsx";
import { PageHeading } from "../components/page-heading.tsx";
import { Section } from "../components/section.tsx";
import { SeverityMark } from "../components/severity-mark.tsx";
import { Link } from "../router/link.tsx";
import styles from "./finding-page.module.css";

/** One scroll, in the order in which one asks: what, how do you know, what do I gain, what do I do. */
export function FindingPage({ id }: { readonly id: string }) {
  const resource = useResource<FindingResponse>(apiPath.finding(id));
  return (
    <LoadState resource={resource} what="the finding">
      {(finding) => <FindingDetail finding={finding} />}
    </LoadState>
  );
}

function FindingDetail({ finding }: { readonly finding: Finding }) {
  return (
    <article className={styles.finding}>
      <PageHeading
        title={finding.summary}
        trail={
          <>
            <Link to={{ page: "findings", services: [], detectors: [] }}>All findings</Link>
            <strong>{finding.title}</strong>
            <SeverityMark severity={finding.severity} />
            <span>{finding.status.replace("-", " ")}</span>
            <ConfidenceMark confidence={finding.confidence} />
            <Link to={{ page: "detector", id: finding.detector }}>What is this?</Link>
          </>
        }
      />
      <Section title="What">
        <FindingWhat finding={finding} />
      </Section>
      <Section title="Evidence">
        <FindingEvidence finding={finding} />
      </Section>
      <Section title="Gain">
        <FindingGain finding={finding} />
      </Section>
      <Section title="Fix">
        <ol className={styles.steps}>
          {finding.fix.map((step) => (
            <li key={step}>{step}</li>
          ))}
        </ol>
      </Section>
    </article>
  );
}
