import type { Coverage } from "../../../collector/api/responses.ts";
import { formatCountOf } from "../format/format-number.ts";
import styles from "./coverage-line.module.css";
import { Time } from "./time.tsx";

/** What the list rests on, and which detectors failed while making it. */
export function CoverageLine({ coverage }: { readonly coverage: Coverage }) {
  const { tracesExamined, spansStored, examinedUntilAt, detectors } = coverage;
  const failed = detectors.filter(({ errors }) => errors > 0);
  return (
    <span className={styles.line}>
      {formatCountOf(tracesExamined, "trace")} examined
      {examinedUntilAt !== null && (
        <>
          {" "}
          up to <Time at={examinedUntilAt} />
        </>
      )}
      , {formatCountOf(spansStored, "span")} stored.
      {failed.length > 0 &&
        ` Failed on some traces: ${failed.map(({ title, errors }) => `${title} (${errors})`).join(", ")}.`}
    </span>
  );
}
