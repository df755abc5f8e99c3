import type { CallSite } from "../../../analyzers/model/finding.ts";

/** "src/orders.ts:42" */
export function CallSiteName({ callSite }: { readonly callSite: CallSite }) {
  return (
    <code>
      {callSite.file}:{callSite.line}
    </code>
  );
}
