import { formatTime } from "../format/format-time.ts";

/** Local time; the same moment in UTC on hover. */
export function Time({ at }: { readonly at: number }) {
  const iso = new Date(at).toISOString();
  return (
    <time dateTime={iso} title={`${iso} (UTC)`}>
      {formatTime(at)}
    </time>
  );
}
