import { useMemo } from "react";
import type { TraceLog, TraceLogsResponse } from "../../../collector/api/responses.ts";
import { apiPath } from "../api/api-path.ts";
import { useResource } from "../api/use-resource.ts";
import { formatDuration } from "../format/format-duration.ts";
import { formatCountOf } from "../format/format-number.ts";
import { AttributeTable } from "./attribute-table.tsx";
import { LoadState } from "./load-state.tsx";
import { Section } from "./section.tsx";
import styles from "./trace-logs.module.css";

interface TraceLogsProps {
  readonly traceId: string;
  readonly startAt: number;
  /** The spans that can be shown. */
  readonly spanIds: readonly string[];
  /** A log of this span is marked. */
  readonly spanId: string | null;
  /** Asked to show the span that wrote a log. */
  readonly onShow: (spanId: string) => void;
}

/** What the services logged while they worked on the trace, by time. */
export function TraceLogs({ traceId, ...rest }: TraceLogsProps) {
  const resource = useResource<TraceLogsResponse>(apiPath.traceLogs(traceId));
  return (
    <Section title="Logs">
      <LoadState resource={resource} what="the logs">
        {({ logs, truncated }) => (
          <>
            {logs.length === 0 ? (
              <p className={styles.empty}>
                No log carries this trace's id. Logs that are sent over OTLP with their trace
                context show here.
              </p>
            ) : (
              <LogList logs={logs} {...rest} />
            )}
            {truncated && (
              <p className={styles.empty}>
                Only the first {formatCountOf(logs.length, "log")} are shown.
              </p>
            )}
          </>
        )}
      </LoadState>
    </Section>
  );
}

interface LogListProps extends Omit<TraceLogsProps, "traceId"> {
  readonly logs: readonly TraceLog[];
}

function LogList({ logs, startAt, spanIds, spanId, onShow }: LogListProps) {
  const shown = useMemo(() => new Set(spanIds), [spanIds]);
  return (
    <ol className={styles.logs} aria-label="Logs of the trace">
      {Object.entries(logs).map(([position, log]) => (
        <li key={position} className={log.spanId === spanId ? styles.ofSpan : undefined}>
          <span className={styles.offset}>{formatOffset((log.at - startAt) * 1e6)}</span>
          <span className={styles.severity}>{log.severity || "–"}</span>
          <span className={styles.service}>{log.service}</span>
          <LogText log={log} />
          {shown.has(log.spanId) && (
            <button type="button" onClick={() => onShow(log.spanId)}>
              Show span
            </button>
          )}
        </li>
      ))}
    </ol>
  );
}

function LogText({ log: { eventName, body, attributes } }: { readonly log: TraceLog }) {
  const text = [eventName, body].filter((part) => part !== "").join(": ") || "(no text)";
  if (Object.keys(attributes).length === 0) return <span className={styles.text}>{text}</span>;
  return (
    <details className={styles.text}>
      <summary>{text}</summary>
      <AttributeTable caption="Attributes" attributes={attributes} />
    </details>
  );
}

/** Since the start of the trace; a log may come before its first span. */
function formatOffset(offsetNs: number): string {
  return offsetNs < 0 ? `−${formatDuration(-offsetNs)}` : `+${formatDuration(offsetNs)}`;
}
