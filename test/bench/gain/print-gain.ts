import { print, round } from "../report.ts";
import { countOrder, type Outcome, quantile } from "./outcome.ts";

const goals = {
  errorMedian: { max: 0.15 },
  coverage: { min: 0.8 },
  widthMedian: { max: 0.4 },
  ordersWrong: { max: 0 },
  missing: { max: 0 },
} as const;

/** Printed of those in the wrong order; one wrong prediction is in many pairs. */
const wrongPairsMax = 20;

/** Every case with its error, then the figures; the last line is JSON. Exit code 1 when a goal is missed. */
export function printGain(
  outcomes: readonly Outcome[],
  missing: readonly string[],
  loadAverage: number,
): void {
  print(
    "\ncase                  faults load  pct   before    after     gain  predicted   error   width  held  realised gain, 90 %",
  );
  for (const outcome of outcomes) printOutcome(outcome);
  for (const line of missing) print(`NO PREDICTION: ${line}`);
  const order = countOrder(outcomes);
  for (const pair of order.wrong.slice(0, wrongPairsMax)) print(`ORDER WRONG: ${pair}`);
  const figures = {
    ...toFigures(outcomes),
    ordersRight: order.right,
    ordersWrong: order.wrong.length,
    missing: missing.length,
    loadAverage: round(loadAverage),
  };
  const isMet = {
    errorMedian: figures.errorMedian <= goals.errorMedian.max,
    coverage: figures.coverage >= goals.coverage.min,
    widthMedian: figures.widthMedian <= goals.widthMedian.max,
    ordersWrong: figures.ordersWrong <= goals.ordersWrong.max,
    missing: figures.missing <= goals.missing.max,
  };
  print("");
  for (const [name, figure] of Object.entries(figures)) {
    const goal = name in goals ? JSON.stringify(goals[name as keyof typeof goals]) : "";
    const verdict = isMet[name as keyof typeof isMet] === false ? "MISSED" : "";
    print(`${name.padEnd(24)} ${String(figure).padStart(8)}  ${goal} ${verdict}`.trimEnd());
  }
  const pass = Object.values(isMet).every(Boolean);
  print(JSON.stringify({ bench: "gain", pass, figures, goals, outcomes: outcomes.map(toRounded) }));
  if (!pass) process.exitCode = 1;
}

function printOutcome(outcome: Outcome): void {
  const { name, faults, level, percentile, error, width, isHeld } = outcome;
  const ms = (value: number, length = 8) => value.toFixed(1).padStart(length);
  const percent = (value: number) => `${Math.round(100 * value)} %`.padStart(7);
  print(
    [
      name.padEnd(22),
      String(faults).padStart(5),
      level.padEnd(4),
      percentile,
      ms(outcome.beforeMs),
      ms(outcome.afterMs),
      ms(outcome.gainMs),
      ms(outcome.predictedGainMs, 10),
      percent(error),
      percent(width),
      isHeld ? " yes" : "  NO",
      ` ${ms(outcome.gainLowMs, 0)} to ${ms(outcome.gainHighMs, 0)}`,
    ].join(" "),
  );
}

function toFigures(outcomes: readonly Outcome[]) {
  const errorOf = (chosen: (outcome: Outcome) => boolean) =>
    round(
      quantile(
        outcomes.filter(chosen).map(({ error }) => error),
        0.5,
      ),
      3,
    );
  const held = outcomes.filter(({ isHeld }) => isHeld).length;
  return {
    outcomes: outcomes.length,
    errorMedian: errorOf(() => true),
    errorMedianP50: errorOf(({ percentile }) => percentile === "p50"),
    errorMedianP95: errorOf(({ percentile }) => percentile === "p95"),
    errorMedianDelay: errorOf(({ kind }) => kind === "delay"),
    errorMedianWork: errorOf(({ kind }) => kind === "work"),
    errorMedianLow: errorOf(({ level }) => level === "low"),
    errorMedianHigh: errorOf(({ level }) => level === "high"),
    errorMedianOne: errorOf(({ faults }) => faults === 1),
    errorMedianPairs: errorOf(({ faults }) => faults === 2),
    coverage: round(held / Math.max(1, outcomes.length), 3),
    widthMedian: round(
      quantile(
        outcomes.map(({ width }) => width),
        0.5,
      ),
      3,
    ),
  };
}

function toRounded(outcome: Outcome) {
  return Object.fromEntries(
    Object.entries(outcome).map(([name, value]) => [
      name,
      typeof value === "number" ? round(value, 3) : value,
    ]),
  );
}
