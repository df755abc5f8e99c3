import { type KeyboardEvent, type MouseEvent, useEffect, useReducer, useRef } from "react";
import { useShortcuts } from "../../components/use-shortcuts.ts";
import { TimeAxis } from "./time-axis.tsx";
import { scrollToRow, useRowWindow } from "./use-row-window.ts";
import styles from "./waterfall.module.css";
import { ROW_HEIGHT, WaterfallRowView } from "./waterfall-row-view.tsx";
import { createWaterfallState, reduceWaterfall, type WaterfallAction } from "./waterfall-state.ts";
import type { WaterfallTree } from "./waterfall-tree.ts";

const PAGE_ROWS = 20;

const KEY_ACTIONS: Readonly<Record<string, WaterfallAction>> = {
  ArrowDown: { type: "move", by: 1 },
  ArrowUp: { type: "move", by: -1 },
  PageDown: { type: "move", by: PAGE_ROWS },
  PageUp: { type: "move", by: -PAGE_ROWS },
  Home: { type: "move", by: Number.NEGATIVE_INFINITY },
  End: { type: "move", by: Number.POSITIVE_INFINITY },
  ArrowRight: { type: "right" },
  ArrowLeft: { type: "left" },
};

interface WaterfallProps {
  readonly tree: WaterfallTree;
  /** Index of the span whose details are open. */
  readonly selected: number | null;
  readonly onSelect: (span: number | null) => void;
}

/** The spans of a trace over time. One row has the tab stop; arrows move it, Enter opens, Escape closes. */
export function Waterfall({ tree, selected, onSelect }: WaterfallProps) {
  const [state, dispatch] = useReducer(reduceWaterfall, null, () =>
    createWaterfallState(tree, selected),
  );
  const scroller = useRef<HTMLDivElement>(null);
  const wantsFocus = useRef(false);
  const activeIndex = state.rows.findIndex((row) => row.node === state.active);
  const [first, last] = useRowWindow(scroller, state.rows.length, ROW_HEIGHT);

  function act(action: WaterfallAction): void {
    wantsFocus.current = true;
    dispatch(action);
  }

  useShortcuts({
    c: () => act({ type: "next", mark: "critical" }),
    e: () => act({ type: "next", mark: "error" }),
    n: () => act({ type: "next", mark: "finding" }),
  });

  useEffect(() => {
    if (selected !== null) dispatch({ type: "reveal", node: selected });
  }, [selected]);

  useEffect(() => {
    const element = scroller.current;
    if (element === null || activeIndex === -1) return;
    scrollToRow(element, activeIndex, ROW_HEIGHT);
    if (!wantsFocus.current) return;
    wantsFocus.current = false;
    element
      .querySelector<HTMLElement>(`[data-node="${state.active}"]`)
      ?.focus({ preventScroll: true });
  }, [activeIndex, state.active]);

  function open(node: number): void {
    if (node < tree.trace.spanId.length) onSelect(node);
    else act({ type: "toggle", node });
  }

  function onKeyDown(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const action = KEY_ACTIONS[event.key];
    if (action !== undefined) act(action);
    else if (event.key === "Enter" || event.key === " ") open(state.active);
    else if (event.key === "Escape") onSelect(null);
    else return;
    event.preventDefault();
  }

  function onClick(event: MouseEvent): void {
    const target = event.target as Element;
    const node = Number(target.closest("[data-node]")?.getAttribute("data-node") ?? Number.NaN);
    if (Number.isNaN(node)) return;
    act({ type: "activate", node });
    if (target.closest("[data-fold]") === null) open(node);
    else act({ type: "toggle", node });
  }

  const mounted = state.rows.map((row, index) => ({ row, index })).slice(first, last);
  if (activeIndex !== -1 && (activeIndex < first || activeIndex >= last)) {
    mounted.push({ row: state.rows[activeIndex]!, index: activeIndex });
  }
  return (
    <div className={styles.scroller} ref={scroller}>
      <table
        role="treegrid"
        aria-label="Spans of the trace"
        aria-rowcount={state.rows.length + 1}
        className={styles.waterfall}
        onKeyDown={onKeyDown}
        onClick={onClick}
      >
        <TimeAxis durationNs={tree.trace.durationNs} />
        <tbody className={styles.rows} style={{ height: state.rows.length * ROW_HEIGHT }}>
          {mounted.map(({ row, index }) => (
            <WaterfallRowView
              key={row.node}
              tree={tree}
              row={row}
              index={index}
              isActive={row.node === state.active}
              isSelected={row.node === selected}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}
