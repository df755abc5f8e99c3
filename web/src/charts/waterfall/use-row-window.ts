import { type RefObject, useEffect, useState } from "react";

/** Rows mounted above and below what is seen, so that a fast scroll shows rows and not the background. */
const MARGIN_ROWS = 12;

/** Height of what stays at the top of the scrolling element, pixels. */
const HEAD_HEIGHT = 36;

/** [first, last) of the rows of equal height that a scrolling element shows. */
export function useRowWindow(
  scroller: RefObject<HTMLElement | null>,
  rowCount: number,
  rowHeight: number,
): readonly [first: number, last: number] {
  const [seen, setSeen] = useState({ top: 0, height: 0 });

  useEffect(() => {
    const element = scroller.current;
    if (element === null) return;
    const measure = () => setSeen({ top: element.scrollTop, height: element.clientHeight });
    const resized = new ResizeObserver(measure);
    resized.observe(element);
    element.addEventListener("scroll", measure, { passive: true });
    return () => {
      resized.disconnect();
      element.removeEventListener("scroll", measure);
    };
  }, [scroller]);

  const first = Math.floor(seen.top / rowHeight) - MARGIN_ROWS;
  const last = Math.ceil((seen.top + seen.height) / rowHeight) + MARGIN_ROWS;
  return [Math.max(0, Math.min(first, rowCount)), Math.min(rowCount, last)];
}

/** Scrolls as little as makes the row visible. */
export function scrollToRow(element: HTMLElement, index: number, rowHeight: number): void {
  const top = index * rowHeight;
  const bottom = top + rowHeight;
  const seenHeight = element.clientHeight - HEAD_HEIGHT;
  if (top < element.scrollTop) element.scrollTop = top;
  else if (bottom > element.scrollTop + seenHeight) {
    element.scrollTop = bottom - seenHeight;
  }
}
