import type { EndpointPathResponse, PathRow } from "../../../collector/api/responses.ts";
import { formatDuration } from "../format/format-duration.ts";
import { formatShare } from "../format/format-number.ts";
import styles from "./path-bars.module.css";

/** Call paths of an endpoint, by their share of its critical path; the thin bar is the share among the slowest. */
export function PathBars({ profile }: { readonly profile: EndpointPathResponse }) {
  const rows = [...profile.rows].sort((a, b) => b.share - a.share);
  const largest = Math.max(...rows.flatMap(({ share, shareOfSlow }) => [share, shareOfSlow]), 0.01);
  return (
    <table className={styles.bars}>
      <thead>
        <tr>
          <th scope="col">Call</th>
          <th scope="col">Mean time</th>
          <th scope="col">Share</th>
          <th scope="col">Slowest 5&nbsp;%</th>
          <th scope="col">In traces</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <PathBar key={`${row.service}\n${row.path.join("\n")}`} row={row} largest={largest} />
        ))}
      </tbody>
    </table>
  );
}

function PathBar({ row, largest }: { readonly row: PathRow; readonly largest: number }) {
  const { path, service, meanSelfNs, share, shareOfSlow, presence } = row;
  const width = (of: number) => `${(100 * of) / largest}%`;
  return (
    <tr>
      <th scope="row">
        <span className={styles.name}>{path.at(-1)}</span>
        <span className={styles.where}>
          {path.length === 1 ? "its own code" : `in ${path.slice(0, -1).join(" › ")}`} · {service}
        </span>
        <span className={styles.plot} aria-hidden>
          <span className={styles.share} style={{ width: width(share) }} />
          <span className={styles.slow} style={{ width: width(shareOfSlow) }} />
        </span>
      </th>
      <td>{formatDuration(meanSelfNs)}</td>
      <td>
        <strong>{formatShare(share)}</strong>
      </td>
      <td>{formatShare(shareOfSlow)}</td>
      <td>{formatShare(presence)}</td>
    </tr>
  );
}
