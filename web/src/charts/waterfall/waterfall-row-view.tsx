import { memo, useMemo } from "react";
import { Icon } from "../../components/icon.tsx";
import { formatDuration } from "../../format/format-duration.ts";
import { formatCount } from "../../format/format-number.ts";
import { serviceColor } from "../service-color.ts";
import { BAR_PATH_WIDTH, toBarPath } from "./bar-path.ts";
import { describeRow, type RowDescription } from "./describe-row.ts";
import styles from "./waterfall.module.css";
import type { WaterfallRow } from "./waterfall-rows.ts";
import type { WaterfallTree } from "./waterfall-tree.ts";

export const ROW_HEIGHT = 28;
/** Deeper levels keep this indent, or the names would be pushed out of sight. */
const INDENT_LEVELS_MAX = 16;
const BAR = { top: 11, bottom: 17 };
const CRITICAL_BAR = { top: 6, bottom: 22 };

interface WaterfallRowViewProps {
  readonly tree: WaterfallTree;
  readonly row: WaterfallRow;
  readonly index: number;
  readonly isActive: boolean;
  readonly isSelected: boolean;
}

export const WaterfallRowView = memo(function WaterfallRowView(props: WaterfallRowViewProps) {
  const { tree, row, index, isActive, isSelected } = props;
  const span = useMemo(() => describeRow(tree, row), [tree, row]);
  return (
    <tr
      tabIndex={isActive ? 0 : -1}
      aria-label={span.label}
      aria-level={row.level}
      aria-posinset={row.position}
      aria-setsize={row.siblings}
      aria-rowindex={index + 2}
      aria-expanded={row.isFolded === null ? undefined : !row.isFolded}
      aria-selected={isSelected}
      data-node={row.node}
      data-critical={span.criticalNs > 0}
      className={styles.row}
      style={{ transform: `translateY(${index * ROW_HEIGHT}px)`, height: ROW_HEIGHT }}
    >
      <NameCell row={row} span={span} />
      <td className={styles.duration}>{formatDuration(span.durationNs)}</td>
      <td className={styles.timeline}>
        <Bars
          span={span}
          durationNs={tree.trace.durationNs}
          color={serviceColor(tree.trace, span.service)}
        />
      </td>
    </tr>
  );
});

function NameCell({ row, span }: { readonly row: WaterfallRow; readonly span: RowDescription }) {
  const indent = Math.min(row.level - 1, INDENT_LEVELS_MAX);
  return (
    <td className={styles.name} style={{ paddingInlineStart: `calc(${indent} * var(--indent))` }}>
      <span
        className={styles.fold}
        data-fold={row.isFolded === null ? undefined : true}
        aria-hidden
      >
        {row.isFolded === null ? null : (
          <Icon name={row.isFolded ? "chevron-right" : "chevron-down"} />
        )}
      </span>
      {span.calls > 1 && <span className={styles.calls}>×{formatCount(span.calls)}</span>}
      <span className={styles.spanName} title={span.name}>
        {span.name}
      </span>
      <span className={styles.service}>{span.service}</span>
      {span.hasError && (
        <span className={styles.error}>
          <Icon name="error" /> <span className={styles.word}>error</span>
        </span>
      )}
      {span.findings.length > 0 && (
        <span className={styles.finding} title={span.findings.map(({ title }) => title).join("\n")}>
          <Icon name="flag" /> <span className={styles.word}>finding</span>
        </span>
      )}
    </td>
  );
}

interface BarsProps {
  readonly span: RowDescription;
  readonly durationNs: number;
  readonly color: string;
}

function Bars({ span, durationNs, color }: BarsProps) {
  const bars = useMemo(() => toBarPath(span.bars, durationNs, BAR), [span, durationNs]);
  const critical = useMemo(
    () => toBarPath(span.critical, durationNs, CRITICAL_BAR),
    [span, durationNs],
  );
  return (
    <svg
      viewBox={`0 0 ${BAR_PATH_WIDTH} ${ROW_HEIGHT}`}
      preserveAspectRatio="none"
      className={styles.bars}
      aria-hidden
    >
      <path d={bars} fill={color} />
      <path d={critical} className={styles.critical} />
    </svg>
  );
}
