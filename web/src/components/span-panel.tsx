import type { SpanResponse } from "../../../collector/api/responses.ts";
import { apiPath } from "../api/api-path.ts";
import { useResource } from "../api/use-resource.ts";
import { formatDuration } from "../format/format-duration.ts";
import { AttributeTable } from "./attribute-table.tsx";
import { Icon } from "./icon.tsx";
import { LoadState } from "./load-state.tsx";
import styles from "./span-panel.module.css";
import { Time } from "./time.tsx";

interface SpanPanelProps {
  readonly traceId: string;
  readonly spanId: string;
  readonly onClose: () => void;
}

export function SpanPanel({ traceId, spanId, onClose }: SpanPanelProps) {
  const resource = useResource<SpanResponse>(apiPath.span(traceId, spanId));
  return (
    <aside className={styles.panel} aria-label="Span details">
      <button
        type="button"
        className={styles.close}
        aria-label="Close span details"
        onClick={onClose}
      >
        <Icon name="close" />
      </button>
      <LoadState resource={resource} what="the span">
        {(span) => <SpanDetails span={span} />}
      </LoadState>
    </aside>
  );
}

function SpanDetails({ span }: { readonly span: SpanResponse }) {
  return (
    <>
      <h2 className={styles.name}>{span.name}</h2>
      <p className={styles.line}>
        {span.service} · {span.kind} · {formatDuration(span.durationNs)} · status {span.status}
      </p>
      <p className={styles.line}>
        <Time at={span.startAt} /> · span <code>{span.spanId}</code>
      </p>
      {span.events.length > 0 && (
        <section>
          <h3>Events</h3>
          {Object.entries(span.events).map(([position, event]) => (
            <AttributeTable
              key={position}
              caption={`${event.name}, ${formatDuration((event.at - span.startAt) * 1e6)} after the start`}
              attributes={event.attributes}
            />
          ))}
        </section>
      )}
      <AttributeTable caption="Attributes" attributes={span.attributes} />
      <AttributeTable caption="Resource" attributes={span.resource} />
    </>
  );
}
