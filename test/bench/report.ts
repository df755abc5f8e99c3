export interface Goal {
  /** At most this; a figure that is missing misses it. */
  readonly max: number;
  /** Where we would like to be; never fails the bench. */
  readonly stretch?: number;
}

export interface Report {
  readonly bench: string;
  readonly figures: Readonly<Record<string, number>>;
  readonly goals: Readonly<Record<string, Goal>>;
  /** Goals that were not measured in this run, by `--quick` for instance. */
  readonly notMeasured?: readonly string[];
}

/** A table, and as its last line JSON. The process will exit with 1 when a goal is missed. */
export function printReport({ bench, figures, goals, notMeasured = [] }: Report): void {
  const names = [...new Set([...Object.keys(goals), ...Object.keys(figures)])];
  const rows = names.map((name) => toRow(name, figures[name], goals[name], notMeasured));
  const widths = [0, 1, 2].map((i) => Math.max(...rows.map((row) => row[i]!.length)));
  for (const row of rows) {
    const [name, figure, ...rest] = row;
    const cells = [name!.padEnd(widths[0]!), figure!.padStart(widths[1]!), rest[0]!, rest[1]!];
    print(cells.join("  ").trimEnd());
  }
  const pass = names.every((name) => isMet(figures[name], goals[name], notMeasured.includes(name)));
  print(JSON.stringify({ bench, pass, figures, goals }));
  if (!pass) process.exitCode = 1;
}

function toRow(
  name: string,
  figure: number | undefined,
  goal: Goal | undefined,
  notMeasured: readonly string[],
): string[] {
  const stretch = goal?.stretch === undefined ? "" : `, stretch ${goal.stretch}`;
  const isSkipped = notMeasured.includes(name);
  const verdict = isMet(figure, goal, isSkipped) ? "" : "MISSED";
  return [
    name,
    isSkipped ? "not in this run" : format(figure),
    goal === undefined ? "" : `goal <= ${goal.max}${stretch}`.padEnd(30),
    goal === undefined || isSkipped ? "" : verdict,
  ];
}

function isMet(figure: number | undefined, goal: Goal | undefined, isSkipped: boolean): boolean {
  return goal === undefined || isSkipped || (figure !== undefined && figure <= goal.max);
}

function format(figure: number | undefined): string {
  return figure === undefined ? "-" : figure.toLocaleString("en", { maximumFractionDigits: 3 });
}

export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Median and mean, and how far the rounds lie apart: (max - min) / median. */
export function summarize(rounds: readonly number[]): {
  median: number;
  mean: number;
  spread: number;
} {
  const sorted = rounds.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median =
    sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  const mean = sorted.reduce((sum, one) => sum + one, 0) / sorted.length;
  return { median, mean, spread: (sorted.at(-1)! - sorted[0]!) / median };
}

export function round(value: number, digits = 2): number {
  return Number(value.toFixed(digits));
}
