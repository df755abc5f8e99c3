import { type KeyboardEvent, useRef } from "react";
import type { Finding } from "../../../analyzers/model/finding.ts";
import type { FindingsResponse } from "../../../collector/api/responses.ts";
import { apiPath } from "../api/api-path.ts";
import { useResource } from "../api/use-resource.ts";
import { CoverageLine } from "../components/coverage-line.tsx";
import { EmptyFindings } from "../components/empty-findings.tsx";
import { FindingFacets } from "../components/finding-facets.tsx";
import { FindingItem } from "../components/finding-item.tsx";
import { LoadState } from "../components/load-state.tsx";
import { PageHeading } from "../components/page-heading.tsx";
import { useShortcuts } from "../components/use-shortcuts.ts";
import { Link } from "../router/link.tsx";
import type { FindingsFilter } from "../router/route.ts";
import styles from "./findings-page.module.css";

const REFRESH_MS = 5_000;

export function FindingsPage({ filter }: { readonly filter: FindingsFilter }) {
  const resource = useResource<FindingsResponse>(apiPath.findings, REFRESH_MS);
  return (
    <>
      <PageHeading title="Findings">
        What to fix first: most time saved a day, weighted by how sure we are.{" "}
        <Link to={{ page: "detectors" }}>What is looked for</Link>
        {resource.data !== null && <CoverageLine coverage={resource.data.coverage} />}
      </PageHeading>
      <LoadState resource={resource} what="the findings">
        {(response) =>
          response.findings.length === 0 ? (
            <EmptyFindings coverage={response.coverage} />
          ) : (
            <FilteredFindings response={response} filter={filter} />
          )
        }
      </LoadState>
    </>
  );
}

interface FilteredFindingsProps {
  readonly response: FindingsResponse;
  readonly filter: FindingsFilter;
}

function FilteredFindings({ response, filter }: FilteredFindingsProps) {
  const { findings, coverage, truncated } = response;
  const titles = new Map(coverage.detectors.map(({ id, title }) => [id, title]));
  const shown = findings.filter((finding) => matches(finding, filter));
  return (
    <div className={styles.columns}>
      <FindingFacets
        findings={findings}
        filter={filter}
        titleOf={(detector) => titles.get(detector) ?? detector}
      />
      <div>
        {shown.length === 0 ? (
          <p>
            No finding matches the filter.{" "}
            <Link to={{ page: "findings", services: [], detectors: [] }}>Show all</Link>
          </p>
        ) : (
          <FindingList findings={shown} rankOf={(finding) => findings.indexOf(finding) + 1} />
        )}
        {truncated && (
          <p className={styles.truncated}>
            Only the first {findings.length} are listed; there are more, each saving less.
          </p>
        )}
      </div>
    </div>
  );
}

interface FindingListProps {
  readonly findings: readonly Finding[];
  readonly rankOf: (finding: Finding) => number;
}

function FindingList({ findings, rankOf }: FindingListProps) {
  const list = useRef<HTMLUListElement>(null);
  const step = (by: number) => focusLink(list.current, by);
  useShortcuts({ j: () => step(1), k: () => step(-1) });

  function onKeyDown(event: KeyboardEvent): void {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    step(event.key === "ArrowDown" ? 1 : -1);
  }

  return (
    <ul ref={list} className={styles.list} aria-label="Findings" onKeyDown={onKeyDown}>
      {findings.map((finding) => (
        <FindingItem key={finding.id} finding={finding} rank={rankOf(finding)} />
      ))}
    </ul>
  );
}

function matches(finding: Finding, { services, detectors }: FindingsFilter): boolean {
  return (
    (services.length === 0 || services.includes(finding.service)) &&
    (detectors.length === 0 || detectors.includes(finding.detector))
  );
}

/** From the link that has the focus; from none, to the first. */
function focusLink(list: HTMLElement | null, by: number): void {
  const links = [...(list?.querySelectorAll<HTMLElement>("[data-finding]") ?? [])];
  const index = links.findIndex((link) => link.matches(":focus"));
  const next = index === -1 ? 0 : Math.max(0, Math.min(links.length - 1, index + by));
  links[next]?.focus();
  links[next]?.closest("li")?.scrollIntoView({ block: "nearest" });
}
