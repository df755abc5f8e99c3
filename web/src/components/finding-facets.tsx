import type { Finding } from "../../../analyzers/model/finding.ts";
import { navigate } from "../router/location.ts";
import type { FindingsFilter } from "../router/route.ts";
import styles from "./finding-facets.module.css";

interface FindingFacetsProps {
  readonly findings: readonly Finding[];
  readonly filter: FindingsFilter;
  readonly titleOf: (detector: string) => string;
}

/** Narrows the list by service and by detector; the address carries what is chosen. */
export function FindingFacets({ findings, filter, titleOf }: FindingFacetsProps) {
  const choose = (change: Partial<FindingsFilter>) =>
    navigate({ page: "findings", ...filter, ...change }, { replace: true });

  return (
    <form className={styles.facets} aria-label="Filter">
      <Facet
        title="Service"
        values={findings.map(({ service }) => service)}
        chosen={filter.services}
        onChoose={(services) => choose({ services })}
      />
      <Facet
        title="Detector"
        values={findings.map(({ detector }) => detector)}
        nameOf={titleOf}
        chosen={filter.detectors}
        onChoose={(detectors) => choose({ detectors })}
      />
    </form>
  );
}

interface FacetProps {
  readonly title: string;
  /** One per finding. */
  readonly values: readonly string[];
  readonly nameOf?: (value: string) => string;
  readonly chosen: readonly string[];
  readonly onChoose: (chosen: readonly string[]) => void;
}

function Facet({ title, values, nameOf = (value) => value, chosen, onChoose }: FacetProps) {
  const counts = new Map(chosen.map((value) => [value, 0]));
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  const sorted = [...counts].sort(([a], [b]) => nameOf(a).localeCompare(nameOf(b)));

  return (
    <fieldset className={styles.facet}>
      <legend>{title}</legend>
      {sorted.map(([value, count]) => (
        <label key={value}>
          <input
            type="checkbox"
            checked={chosen.includes(value)}
            onChange={({ target }) =>
              onChoose(
                target.checked ? [...chosen, value] : chosen.filter((other) => other !== value),
              )
            }
          />
          <span className={styles.name}>{nameOf(value)}</span>
          <span className={styles.count}>{count}</span>
        </label>
      ))}
    </fieldset>
  );
}
