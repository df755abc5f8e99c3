import { traceDetectors, windowDetectors } from "../../analyzers/index.ts";
import { replayStories, type Verdict } from "../corpus/replay-stories.ts";
import { stories } from "../corpus/stories.ts";

/**
 * Every detector on every story of the corpus. A story that says `finds` must be found by that detector; whatever else
 * is found in it is a false accusation, unless the story says that it may be. Precision counts stories; findings per
 * 100 clean traces count each detector in each clean trace. Beside the stories with a detector's fault stand those that only
 * look like it (`resembles`). Programs that nobody looked at while rules were chosen are
 * reported apart. `-- --stories` prints each story; with the beginnings of names only those stories are replayed.
 */
const goals = { recall: 0.95, precision: 0.98, findingsPer100CleanTraces: 1 };

interface Score {
  readonly detector: string;
  readonly found: number;
  readonly missed: readonly string[];
  readonly wrong: readonly string[];
  /** The fault is there, and no span of the story's SDK shows it. */
  readonly unseen: readonly string[];
  /** Stories that only look like its fault. */
  readonly alike: number;
}

async function main(): Promise<void> {
  const names = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
  const chosen = stories.filter(
    ({ name }) => names.length === 0 || names.some((start) => name.startsWith(start)),
  );
  const verdicts = await replayStories(chosen);
  if (process.argv.includes("--stories")) for (const verdict of verdicts) printStory(verdict);
  const tuned = verdicts.filter(({ story }) => !story.isHeldOut);
  const heldOut = verdicts.filter(({ story }) => story.isHeldOut);
  const figures = { all: report("all stories", verdicts) };
  const parts = { tuned: report("programs known", tuned), heldOut: report("held out", heldOut) };
  const { recall, precision, findingsPer100CleanTraces } = figures.all;
  const pass =
    recall >= goals.recall &&
    precision >= goals.precision &&
    findingsPer100CleanTraces <= goals.findingsPer100CleanTraces;
  print(JSON.stringify({ bench: "detect", pass, figures: { ...figures, ...parts }, goals }));
  process.exitCode = pass ? 0 : 1;
}

function report(title: string, verdicts: readonly Verdict[]) {
  const ids = [...traceDetectors, ...windowDetectors].map(({ meta }) => meta.id);
  const labelled = verdicts.flatMap(({ story }) => [...story.finds, ...story.unseen]);
  const scores = [...new Set([...ids, ...labelled])].map((id) => toScore(id, verdicts));
  print(`\n${title}: ${verdicts.length} stories\n`);
  print("detector                 stories  found  missed  alike  wrong  recall  precision");
  for (const score of scores) printScore(score);
  const found = sum(scores, (score) => score.found);
  const missed = sum(scores, (score) => score.missed.length);
  const wrong = sum(scores, (score) => score.wrong.length);
  const clean = verdicts.filter(
    ({ story }) => story.finds.length + story.mayFind.length + story.unseen.length === 0,
  );
  const cleanTraces = sum(clean, ({ traces }) => traces);
  const accused = sum(clean, (verdict) => sum([...verdict.found.values()], (count) => count));
  const findingsPer100CleanTraces = (100 * accused) / Math.max(1, cleanTraces);
  print(`\n${accused} findings in ${cleanTraces} clean traces`);
  return {
    stories: verdicts.length,
    recall: toRatio(found, missed),
    precision: toRatio(found, wrong),
    findingsPer100CleanTraces,
    cleanTraces,
  };
}

function toScore(detector: string, verdicts: readonly Verdict[]): Score {
  const names = (chosen: readonly Verdict[]) => chosen.map(({ story }) => story.name);
  const positive = verdicts.filter(({ story }) => story.finds.includes(detector));
  const unseen = verdicts.filter(({ story }) => story.unseen.includes(detector));
  const wrong = verdicts.filter(
    ({ story: { finds, mayFind, unseen: hidden }, found }) =>
      found.has(detector) && ![...finds, ...mayFind, ...hidden].includes(detector),
  );
  const missed = positive.filter(({ found }) => !found.has(detector));
  const found = positive.length - missed.length;
  return {
    detector,
    found,
    missed: names(missed),
    wrong: names(wrong),
    unseen: names(unseen.filter((verdict) => !verdict.found.has(detector))),
    alike: verdicts.filter(({ story }) => story.resembles.includes(detector)).length,
  };
}

function printScore({ detector, found, missed, wrong, unseen, alike }: Score): void {
  const columns = [
    detector.padEnd(24),
    String(found + missed.length).padStart(7),
    String(found).padStart(6),
    String(missed.length).padStart(7),
    String(alike).padStart(6),
    String(wrong.length).padStart(6),
    toRatio(found, missed.length).toFixed(2).padStart(7),
    toRatio(found, wrong.length).toFixed(2).padStart(10),
  ];
  print(columns.join(" "));
  for (const name of missed) print(`  missed ${name}`);
  for (const name of unseen) print(`  not observable ${name}`);
  for (const name of wrong) print(`  wrong  ${name}`);
}

function printStory({ story, traces, found, heldBack }: Verdict): void {
  const findings = [...found].map(([id, count]) => `${id} ${count}`).join(", ") || "nothing";
  const silenced = heldBack.size > 0 ? `; held back ${[...heldBack].join(", ")}` : "";
  print(`${story.name}: ${traces} traces, ${findings}${silenced}`);
}

/** 1 when there was nothing to be right or wrong about. */
function toRatio(right: number, wrong: number): number {
  return right + wrong === 0 ? 1 : right / (right + wrong);
}

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

await main();
