import type { Finding } from "../../../analyzers/model/finding.ts";
import { GainBars } from "../charts/gain-bars.tsx";
import { formatCount } from "../format/format-number.ts";
import { FactList } from "./fact-list.tsx";
import styles from "./finding-gain.module.css";

export function FindingGain({ finding }: { readonly finding: Finding }) {
  const { prediction, predictionMissing } = finding;
  if (prediction === null) {
    return (
      <p>No prediction{predictionMissing === undefined ? " yet." : `: ${predictionMissing}`}</p>
    );
  }
  const { method, traces, assumptions } = prediction;
  return (
    <>
      <GainBars prediction={prediction} />
      <p className={styles.note}>
        The line across a bar runs from the optimistic to the pessimistic bound.
      </p>
      <FactList
        facts={[
          ["How it was computed", method],
          ["Traces in the sample", formatCount(traces)],
        ]}
      />
      {assumptions.length > 0 && (
        <div className={styles.note}>
          <p>It assumes that</p>
          <ul>
            {assumptions.map((assumption) => (
              <li key={assumption}>{assumption}</li>
            ))}
          </ul>
        </div>
      )}
    </>
  );
}
