import type { SpanIndex, TraceView } from "../model/trace-view.ts";
import { isDatabaseCall } from "./call-template.ts";
import { oncePerText } from "./once-per-text.ts";
import { oncePerTrace } from "./once-per-trace.ts";
import { countRepeats } from "./repeated-calls.ts";

/**
 * One tenant's database after the other, one shard after the other, or one tenant's schema after the other on the same
 * connection: none of them sees `repeatsMin` calls. Of few servers each may be a replica of the others: there have to be as
 * many. `spans` by start.
 */
export function isPerNamespace(
  trace: TraceView,
  spans: readonly SpanIndex[],
  repeatsMin: number,
): boolean {
  const servers = new Set(spans.map((span) => trace.serverAddress[span]!));
  const sessions = sessionsOf(trace, spans);
  const places = Map.groupBy(spans.keys(), (i) => {
    const span = spans[i]!;
    const server = servers.size >= repeatsMin ? trace.serverAddress[span]! : "";
    return `${trace.dbNamespace[span]} ${server} ${sessions[i]}`;
  });
  if (places.size === 1) return false;
  return [...places.values()].every((group) => {
    const calls = group.map((i) => spans[i]!);
    return countRepeats(trace, calls) < repeatsMin;
  });
}

/** For each of the calls what was chosen last before it; "": nothing, or nobody knows. */
function sessionsOf(trace: TraceView, spans: readonly SpanIndex[]): string[] {
  const choices = tenantChoices(trace);
  let at = 0;
  return spans.map((span) => {
    while (at < choices.length && choices[at]! < span) at++;
    const latest = choices[at - 1];
    return latest === undefined ? "" : `${trace.shapeId[latest]} ${trace.paramsHash[latest]}`;
  });
}

const choosesTenant = oncePerText((text) =>
  /^\s*use\s|\bsearch_path\b|\bset_config\s*\(|^\s*set\s+((local|session)\s+)?(role\b|schema\b|\w+[.]\w)/i.test(
    text,
  ),
);

/** Statements that choose the schema, the role or the tenant of those that follow on the connection, by start. */
const tenantChoices = oncePerTrace((trace): readonly SpanIndex[] => {
  const found: SpanIndex[] = [];
  for (let span = 0; span < trace.size; span++) {
    if (isDatabaseCall(trace, span) && choosesTenant(trace.dbQueryText[span]!)) found.push(span);
  }
  return found;
});
