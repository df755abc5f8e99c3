import { useMemo } from "react";
import type { TraceFinding, TraceResponse } from "../../../collector/api/responses.ts";
import { apiPath } from "../api/api-path.ts";
import { useResource } from "../api/use-resource.ts";
import { Waterfall } from "../charts/waterfall/waterfall.tsx";
import { WaterfallLegend } from "../charts/waterfall/waterfall-legend.tsx";
import { createWaterfallTree } from "../charts/waterfall/waterfall-tree.ts";
import { HeldBack } from "../components/held-back.tsx";
import { LoadState } from "../components/load-state.tsx";
import { PageHeading } from "../components/page-heading.tsx";
import { SpanPanel } from "../components/span-panel.tsx";
import { Time } from "../components/time.tsx";
import { TraceFindings } from "../components/trace-findings.tsx";
import { TraceLogs } from "../components/trace-logs.tsx";
import { formatDuration } from "../format/format-duration.ts";
import { formatCountOf } from "../format/format-number.ts";
import { navigate } from "../router/location.ts";
import styles from "./trace-page.module.css";

interface TracePageProps {
  readonly traceId: string;
  readonly spanId: string | null;
}

export function TracePage({ traceId, spanId }: TracePageProps) {
  const resource = useResource<TraceResponse>(apiPath.trace(traceId));
  return (
    <LoadState resource={resource} what="the trace">
      {(trace) => <TraceView trace={trace} spanId={spanId} />}
    </LoadState>
  );
}

function TraceView({
  trace,
  spanId,
}: {
  readonly trace: TraceResponse;
  readonly spanId: string | null;
}) {
  const tree = useMemo(() => createWaterfallTree(trace), [trace]);
  const selected = spanId === null ? -1 : trace.spanId.indexOf(spanId);
  const open = (id: string | null) =>
    navigate({ page: "trace", traceId: trace.traceId, spanId: id }, { replace: true });
  const openFirstOf = ({ spanIds }: TraceFinding) =>
    open(trace.spanId.find((id) => spanIds.includes(id)) ?? null);

  return (
    <>
      <TraceHeading trace={trace} />
      {trace.findings.length > 0 && (
        <TraceFindings findings={trace.findings} onShow={openFirstOf} />
      )}
      {trace.heldBack.length > 0 && <HeldBack heldBack={trace.heldBack} />}
      <WaterfallLegend trace={trace} />
      <div className={selected === -1 ? undefined : styles.withPanel}>
        <Waterfall
          tree={tree}
          selected={selected === -1 ? null : selected}
          onSelect={(span) => open(span === null ? null : trace.spanId[span]!)}
        />
        {spanId !== null && selected !== -1 && (
          <SpanPanel traceId={trace.traceId} spanId={spanId} onClose={() => open(null)} />
        )}
      </div>
      <TraceLogs
        traceId={trace.traceId}
        startAt={trace.startAt}
        spanIds={trace.spanId}
        spanId={spanId}
        onShow={open}
      />
    </>
  );
}

function TraceHeading({ trace }: { readonly trace: TraceResponse }) {
  const services = new Set(trace.service).size;
  return (
    <PageHeading
      title={`${trace.name[0] ?? "Empty trace"}, ${formatDuration(trace.durationNs)}`}
      trail={
        <span>
          Trace <code>{trace.traceId}</code>
        </span>
      }
    >
      <Time at={trace.startAt} /> · {formatCountOf(trace.spanId.length, "span")} ·{" "}
      {formatCountOf(services, "service")}
      {trace.truncated &&
        ". The trace has more spans than are shown; only the first ones are here."}
    </PageHeading>
  );
}
